/// The directory that holds all that the server keeps. It is locked for as long as this object, or a store that was
/// opened in it, lives.
package final class DataDirectory: Sendable {
    package let path: String
    private let lock: DirectoryLock

    /// Opens the directory, or makes it with access for its owner alone. An empty one is taken; anything else must
    /// have been made by Martlet. What is refused is not touched.
    package static func open(_ path: String) throws(DataDirectoryError) -> DataDirectory {
        try makeIfAbsent(path)
        try checkOwner(path)
        // Before the lock, so that no lock file is left in somebody else's directory; and again below it, because the
        // process that held it may just have made the directory its own.
        _ = try format(of: path)
        let lock = try DirectoryLock(directory: path)
        let found = try format(of: path)
        if found == nil { try write(DirectoryFormat(number: DirectoryFormat.current.number, isComplete: false), path) }
        return DataDirectory(path, lock, isComplete: found?.isComplete ?? false)
    }

    private init(_ path: String, _ lock: DirectoryLock, isComplete: Bool) {
        self.path = path
        self.lock = lock
        self.isComplete = isComplete
    }

    /// All stores were here when an earlier process said so.
    package let isComplete: Bool

    /// All stores have been made. From here on one that is not there any more is missing.
    package func markComplete() throws(DataDirectoryError) {
        guard !isComplete else { return }
        try Self.write(.current, path)
    }

    private static func checkOwner(_ path: String) throws(DataDirectoryError) {
        guard let owner = SystemFiles.owner(of: path) else { return }
        let user = SystemFiles.user
        guard owner == user else { throw .wrongOwner(path: path, owner: owner, user: user) }
    }

    package func file(_ name: String) -> String { path + "/" + name }

    /// Gives the directory up. For when stores in it have been closed and the object lives on.
    package func release() { lock.release() }

    private static func makeIfAbsent(_ path: String) throws(DataDirectoryError) {
        do {
            switch try SystemFiles.kind(path) {
            case .directory: return
            case .absent: try SystemFiles.makeDirectory(path)
            case .other: throw DataDirectoryError.notADirectory(path: path)
            }
        } catch let error as DataDirectoryError {
            throw error
        } catch {
            throw notWritable(path, error)
        }
    }

    /// What the directory's `FORMAT` file says; nil when the directory is as good as empty.
    private static func format(of path: String) throws(DataDirectoryError) -> DirectoryFormat? {
        let file = path + "/" + DirectoryFormat.fileName
        let bytes: [UInt8]?
        let strangers: [String]
        do throws(SystemFiles.Failure) {
            bytes = try SystemFiles.read(file, maxBytes: DirectoryFormat.maxBytes)
            strangers = try bytes == nil ? SystemFiles.entries(path).filter { !ownBeforeFormat.contains($0) } : []
        } catch {
            throw notWritable(path, error)
        }
        if let bytes { return try DirectoryFormat(bytes, path: file, directory: path) }
        if let stranger = strangers.first { throw .foreign(path: path, found: stranger) }
        return nil
    }

    /// What may stand in a directory that has no `FORMAT` yet: what a start that was cut short left there, and what a
    /// fresh file system has.
    private static let ownBeforeFormat: Set = [
        DirectoryLock.fileName, DirectoryFormat.fileName + ".new", "lost+found",
    ]

    private static func write(_ format: DirectoryFormat, _ path: String) throws(DataDirectoryError) {
        do throws(SystemFiles.Failure) {
            try SystemFiles.replace(path + "/" + DirectoryFormat.fileName, in: path, format.bytes)
        } catch {
            throw notWritable(path, error)
        }
    }

    private static func notWritable(_ path: String, _ error: any Error) -> DataDirectoryError {
        .notWritable(path: path, because: (error as? SystemFiles.Failure)?.text ?? "\(error)")
    }
}
