import Glibc

/// Reads and writes the few small files around the server: configuration, `run.json`, a device folder.
package enum SmallFile {
    package struct Failure: Error, Hashable, Sendable {
        /// The system's words: `No such file or directory`.
        package let why: String
        package let code: Int32

        static func last() -> Failure { Failure(why: String(cString: strerror(errno)), code: errno) }
    }

    /// The whole file, which may not be larger than `bytesMax`.
    package static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .last() }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .last() }
            if count == 0 { return content }
            content += buffer[..<count]
            guard content.count <= bytesMax else { throw Failure(why: "larger than \(bytesMax) bytes", code: EFBIG) }
        }
    }

    /// Writes beside the path, then renames, so that a reader sees the old file or the new one and never a part.
    package static func replace(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(Failure) {
        let fresh = "\(path).\(getpid()).new"
        unlink(fresh)
        do throws(Failure) {
            try create(fresh, content, mode: mode)
            guard rename(fresh, path) == 0 else { throw .last() }
        } catch {
            unlink(fresh)
            throw error
        }
    }

    /// Writes a file that must not exist yet. `mode` is the file's permissions, such as 0o600.
    package static func create(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw .last() }
        defer { close(file) }
        var rest = content[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw .last() }
            rest = rest.dropFirst(written)
        }
    }
}
