#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The few file operations that the authority needs, each of them whole or not at all.
enum PKIFiles {
    /// A key or a short chain is a few kilobytes; anything near this is the wrong file.
    static let maximumFileBytes = 1 << 20

    static func makeDirectory(_ directory: String) throws(PKIError) {
        guard mkdir(directory, 0o700) != 0, errno != EEXIST else { return }
        throw .fileUnwritable(file: directory, problem: problem())
    }

    /// The file's text, or nil when there is no such file.
    static func read(
        _ file: String, maximumBytes: Int = PKIFiles.maximumFileBytes
    ) throws(PKIError) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .fileUnreadable(file: file, problem: problem())
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= maximumBytes {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw .fileUnreadable(file: file, problem: problem())
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
        throw .fileUnreadable(file: file, problem: "it is larger than \(maximumBytes) bytes")
    }

    /// Writes a file that must not exist yet. A second writer loses and says so; nothing is overwritten.
    static func create(_ file: String, _ text: String, mode: mode_t) throws(PKIError) {
        let temporary = try writeTemporary(for: file, text, mode: mode)
        defer { unlink(temporary) }
        guard link(temporary, file) == 0 else { throw .fileUnwritable(file: file, problem: problem()) }
        try synchroniseDirectory(of: file)
    }

    /// Writes a file, in place of an older one if there is one.
    static func replace(_ file: String, _ text: String, mode: mode_t) throws(PKIError) {
        let temporary = try writeTemporary(for: file, text, mode: mode)
        guard rename(temporary, file) == 0 else {
            let why = problem()
            unlink(temporary)
            throw .fileUnwritable(file: file, problem: why)
        }
        try synchroniseDirectory(of: file)
    }

    private static func writeTemporary(for file: String, _ text: String, mode: mode_t) throws(PKIError) -> String {
        let temporary = file + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .fileUnwritable(file: temporary, problem: problem()) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { systemWrite(descriptor, $0) }
            guard count >= 0 || errno == EINTR else { throw .fileUnwritable(file: temporary, problem: problem()) }
            written += max(count, 0)
        }
        guard fsync(descriptor) == 0 else { throw .fileUnwritable(file: temporary, problem: problem()) }
        return temporary
    }

    /// Without this a crash may lose the name although the bytes are safe.
    private static func synchroniseDirectory(of file: String) throws(PKIError) {
        let directory = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileUnwritable(file: directory, problem: problem()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .fileUnwritable(file: directory, problem: problem()) }
    }

    private static func problem() -> String { String(cString: strerror(errno)) }
}

private func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

private func systemWrite(_ descriptor: CInt, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, buffer.count)
}
