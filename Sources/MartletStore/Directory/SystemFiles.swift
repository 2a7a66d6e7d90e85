internal import Glibc

/// The few calls on files that a data directory needs. Each fails with the number that the system gave.
enum SystemFiles {
    struct Failure: Error {
        let number: CInt
        var text: String { String(cString: strerror(number)) }
    }

    enum Kind { case absent, directory, other }

    static func kind(_ path: String) throws(Failure) -> Kind {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? .directory : .other }
        switch errno {
        case ENOENT: return .absent
        case ENOTDIR: return .other
        default: throw Failure(number: errno)
        }
    }

    /// Makes a directory that only its owner may enter, and those above it that are missing.
    static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        let number = errno
        guard number == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw Failure(number: number)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure(number: errno) }
    }

    static func entries(_ path: String) throws(Failure) -> [String] {
        guard let directory = opendir(path) else { throw Failure(number: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The start of a file; nil when there is no such file.
    static func read(_ path: String, maxBytes: Int) throws(Failure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(number: errno)
        }
        defer { close(file) }
        return try read(file, maxBytes: maxBytes)
    }

    static func read(_ file: CInt, maxBytes: Int) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while bytes.count < maxBytes {
            let count = pread(file, &chunk, min(chunk.count, maxBytes - bytes.count), off_t(bytes.count))
            guard count >= 0 else { throw Failure(number: errno) }
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return bytes
    }

    /// The user id that a file belongs to; nil when it cannot be asked.
    static func owner(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_uid) : nil
    }

    /// The user id that this process acts as.
    static var user: Int { Int(geteuid()) }

    /// Makes a file that appears with all its content, durably, or not at all: one that is there is as it was until then.
    static func replace(_ path: String, in directory: String, _ bytes: [UInt8]) throws(Failure) {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(number: errno) }
        defer {
            close(file)
            unlink(draft)
        }
        guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else { throw Failure(number: errno) }
        guard rename(draft, path) == 0 else { throw Failure(number: errno) }
        try syncDirectory(directory)
    }

    private static func syncDirectory(_ path: String) throws(Failure) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Failure(number: errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Failure(number: errno) }
    }
}

extension SystemFiles {
    /// nil when there is no such file.
    static func byteCount(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}

extension SystemFiles {
    /// Returns when all that was written to a file is durable.
    static func sync(_ path: String) throws(Failure) {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw Failure(number: errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw Failure(number: errno) }
    }

    /// Changes bytes of a file that is there.
    static func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) throws(Failure) {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(number: errno) }
        defer { close(file) }
        guard pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else { throw Failure(number: errno) }
    }
}
