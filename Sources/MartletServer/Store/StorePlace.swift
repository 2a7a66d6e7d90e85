import Glibc
import MartletBroker
import MartletStore

/// The data directory that a `martlet store` command looks at.
package struct StorePlace: Sendable {
    package let path: String
    /// The process that holds it now.
    package let serverPID: Int?

    /// - Parameter dataDir: else what MARTLET_DATA_DIR or the default says.
    package init(dataDir: String?) throws(ServerFailure) {
        let values = try ResolvedConfiguration(.process(arguments: dataDir.map { ["--data-dir=" + $0] } ?? []))
        path = AbsolutePath.of(values.text("dataDir"))
        serverPID = DirectoryHolder.pid(of: path)
    }

    /// - Throws: for what is no data directory of this version, exit code 3.
    package func check() throws(ServerFailure) {
        try Self.orRefuse { () throws(DataDirectoryError) in try DirectoryLook.check(path) }
    }

    private static let lookMicroseconds: UInt32 = 50_000

    /// The log, read to its end.
    func log() throws(ServerFailure) -> LogPicture {
        guard DirectoryLook.hasLog(path) else { return LogPicture() }
        let wait: (() -> Void)? = serverPID == nil ? nil : { usleep(Self.lookMicroseconds) }
        do throws(StoreFailure) {
            return try LogInspector.look(at: disk, beside: wait, take: StoredNote.of)
        } catch {
            throw .dataDirectory("\(error)")
        }
    }

    var disk: ReadOnlyLogDisk { ReadOnlyLogDisk(directory: path + "/" + DirectoryLook.messages) }

    func documents(checks: Bool) throws(ServerFailure) -> DocumentLook {
        try Self.orRefuse { () throws(DataDirectoryError) in
            try DocumentLook.look(in: path, isBesideServer: serverPID != nil, checks: checks, scratch: Self.temporary)
        }
    }

    private static var temporary: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    /// Refusals of a data directory end a command with exit code 3.
    static func orRefuse<Value>(_ body: () throws(DataDirectoryError) -> Value) throws(ServerFailure) -> Value {
        do throws(DataDirectoryError) {
            return try body()
        } catch {
            throw .dataDirectory(sentence(error))
        }
    }

    static func sentence(_ error: DataDirectoryError) -> String {
        let sentence = error.description
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}
