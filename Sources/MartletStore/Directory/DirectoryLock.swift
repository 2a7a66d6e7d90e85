internal import Glibc
internal import Synchronization

/// The lock file of a data directory. The lock goes with the process, however it ends.
final class DirectoryLock: Sendable {
    static let fileName = "LOCK"

    private let file: Mutex<CInt?>

    /// - Throws: `.locked` when another holds it, `.notWritable` when the file cannot be made.
    init(directory path: String) throws(DataDirectoryError) {
        let file = open(path + "/" + Self.fileName, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .notWritable(path: path, because: SystemFiles.Failure(number: errno).text) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            defer { close(file) }
            guard number == EWOULDBLOCK else {
                throw .notWritable(path: path, because: SystemFiles.Failure(number: number).text)
            }
            throw .locked(path: path, pid: Self.holder(file))
        }
        Self.sign(file)
        self.file = Mutex(file)
    }

    deinit { release() }

    func release() {
        file.withLock { file in
            if let open = file { close(open) }
            file = nil
        }
    }

    private static func holder(_ file: CInt) -> Int? {
        guard let bytes = try? SystemFiles.read(file, maxBytes: 32) else { return nil }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// The process id is there for people; the lock does not depend on it.
    private static func sign(_ file: CInt) {
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(file, 0)
        _ = pwrite(file, text, text.count, 0)
    }
}
