import Glibc

/// Whether a process holds a data directory, found out without a lock and without a trace.
package enum DirectoryHolder {
    /// The process that holds the directory now; nil when none does.
    package static func pid(of directory: String) -> Int? {
        var status = stat()
        guard stat(directory + "/" + DirectoryLock.fileName, &status) == 0, let pid = signed(directory) else { return nil }
        guard let table = try? SystemFiles.read("/proc/locks", maxBytes: 1 << 20) else { return kill(pid_t(pid), 0) == 0 ? pid : nil }
        let holds = String(decoding: table, as: UTF8.self).split(separator: "\n").contains { line in
            // "1: FLOCK  ADVISORY  WRITE 4711 08:01:123456 0 EOF"
            let words = line.split(separator: " ")
            return words.count > 5 && words[1] == "FLOCK" && words[4] == "\(pid)" && words[5].hasSuffix(":\(status.st_ino)")
        }
        return holds ? pid : nil
    }

    /// What the lock file says, which may be a process that is gone.
    private static func signed(_ directory: String) -> Int? {
        guard let bytes = try? SystemFiles.read(directory + "/" + DirectoryLock.fileName, maxBytes: 32) else { return nil }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }
}

/// Keeps servers away from a directory while it is read, and writes nothing into it.
package final class DirectoryReadLock {
    private let file: CInt

    /// - Throws: `.locked` when a process holds the directory.
    package init(directory path: String) throws(DataDirectoryError) {
        file = open(path + "/" + DirectoryLock.fileName, O_RDONLY | O_CLOEXEC)
        // Without a lock file no server has ever begun here.
        guard file >= 0 else { return }
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else {
            close(file)
            throw .locked(path: path, pid: DirectoryHolder.pid(of: path))
        }
    }

    deinit { if file >= 0 { close(file) } }
}
