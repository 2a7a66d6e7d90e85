/// The directory that holds all that the server keeps. It is locked for as long as this object, or a store that was
/// opened in it, lives.
package final class DataDirectory: Sendable {
    package let path: String
    private let lock: DirectoryLock

    /// Opens the directory, or makes it with access for its owner alone. An empty one is taken; anything else must
    /// have been made by Martlet. What is refused is not touched.
    package static func open(_ path: String) throws(DataDirectoryError) -> DataDirectory {
        try makeIfAbsent(path)
        // Before the lock, so that no lock file is left in somebody else's directory; and again below it, because the
        // process that held it may just have made the directory its own.
        _ = try format(of: path)
        let lock = try DirectoryLock(directory: path)
        if try format(of: path) == nil { try sign(path) }
        return DataDirectory(path, lock)
    }

    private init(_ path: String, _ lock: DirectoryLock) {
        self.path = path
        self.lock = lock
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

    private static func sign(_ path: String) throws(DataDirectoryError) {
        do throws(SystemFiles.Failure) {
            try SystemFiles.create(path + "/" + DirectoryFormat.fileName, in: path, DirectoryFormat.current.bytes)
        } catch {
            throw notWritable(path, error)
        }
    }

    private static func notWritable(_ path: String, _ error: any Error) -> DataDirectoryError {
        .notWritable(path: path, because: (error as? SystemFiles.Failure)?.text ?? "\(error)")
    }
}
