import Glibc

/// Copies files byte for byte. What cannot be read is left out as zeros and named, so that the rest is saved.
package enum FileCopy {
    private static let blockBytes = 4096

    /// - Returns: the places of the blocks that could not be read.
    static func copy(_ source: String, to target: String) throws(SystemFiles.Failure) -> [Int] {
        let from = open(source, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else { throw SystemFiles.Failure(number: errno) }
        defer { close(from) }
        var status = stat()
        guard fstat(from, &status) == 0 else { throw SystemFiles.Failure(number: errno) }
        let to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
        guard to >= 0 else { throw SystemFiles.Failure(number: errno) }
        defer { close(to) }
        let unreadable = try copy(from, to, byteCount: Int(status.st_size))
        guard fsync(to) == 0 else { throw SystemFiles.Failure(number: errno) }
        return unreadable
    }

    private static func copy(_ from: CInt, _ to: CInt, byteCount: Int) throws(SystemFiles.Failure) -> [Int] {
        var unreadable: [Int] = []
        var block = [UInt8](repeating: 0, count: blockBytes)
        var offset = 0
        while offset < byteCount {
            let wanted = min(blockBytes, byteCount - offset)
            var count = pread(from, &block, wanted, off_t(offset))
            if count == 0 { break }
            if count < 0 {
                unreadable.append(offset)
                block = [UInt8](repeating: 0, count: blockBytes)
                count = wanted
            }
            guard pwrite(to, block, count, off_t(offset)) == count else { throw SystemFiles.Failure(number: errno) }
            offset += count
        }
        return unreadable
    }

    /// Copies what a directory holds, with the directories in it.
    /// - Returns: the files of which something could not be read.
    package static func copyAll(in source: String, to target: String, except: (String) -> Bool) throws(DataDirectoryError) -> [String] {
        do throws(SystemFiles.Failure) {
            return try copyEntries(source, target, except)
        } catch {
            throw .notWritable(path: target, because: error.text)
        }
    }

    private static func copyEntries(_ source: String, _ target: String, _ except: (String) -> Bool) throws(SystemFiles.Failure) -> [String] {
        var damaged: [String] = []
        for name in try SystemFiles.entries(source) where !except(name) {
            let (from, to) = (source + "/" + name, target + "/" + name)
            var status = stat()
            guard lstat(from, &status) == 0 else { throw SystemFiles.Failure(number: errno) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                try SystemFiles.makeDirectory(to)
                damaged += try copyEntries(from, to) { _ in false }
            case S_IFREG:
                if try !copy(from, to: to).isEmpty { damaged.append(from) }
            default: damaged.append(from)
            }
        }
        return damaged
    }
}

/// A directory of this command's own, which goes when the object goes.
final class ScratchDirectory {
    let path: String

    /// - Parameter parent: a directory that is there.
    init(in parent: String) throws(SystemFiles.Failure) {
        var template = Array((parent + "/martlet-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFiles.Failure(number: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in (try? SystemFiles.entries(path)) ?? [] { unlink(path + "/" + name) }
        rmdir(path)
    }
}
