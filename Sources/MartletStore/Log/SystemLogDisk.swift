import Glibc
import MartletBase

/// A directory of the machine's file system.
package final class SystemLogDisk: LogDisk {
    private let path: String

    /// Makes the directory if it is absent, for its owner alone.
    package init(directory path: String) throws(StoreFailure) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.failure("mkdir", path) }
    }

    package func path(of name: String) -> String { path + "/" + name }

    package func fileNames() throws(StoreFailure) -> [String] {
        guard let directory = opendir(path) else { throw Self.failure("opendir", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    package func create(_ name: String, byteCount: Int) throws(StoreFailure) -> any LogFile {
        let file = try openFile(name, O_RDWR | O_CREAT | O_EXCL)
        var error = posix_fallocate(file.descriptor, 0, byteCount)
        // Where the file system cannot allocate ahead, a hole of the right size reads as zeros too.
        if error == EOPNOTSUPP || error == EINVAL { error = ftruncate(file.descriptor, byteCount) == 0 ? 0 : errno }
        guard error == 0 else {
            unlink(path + "/" + name)
            throw .disk(operation: "fallocate", file: file.name, because: String(cString: strerror(error)))
        }
        return file
    }

    package func open(_ name: String) throws(StoreFailure) -> any LogFile { try openFile(name, O_RDWR) }

    private func openFile(_ name: String, _ flags: Int32) throws(StoreFailure) -> SystemLogFile {
        let descriptor = Glibc.open(path + "/" + name, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", path + "/" + name) }
        return SystemLogFile(descriptor: descriptor, name: path + "/" + name)
    }

    package func remove(_ name: String) throws(StoreFailure) {
        guard unlink(path + "/" + name) == 0 else { throw Self.failure("unlink", path + "/" + name) }
    }

    package func rename(_ name: String, to newName: String) throws(StoreFailure) {
        guard Glibc.rename(path + "/" + name, path + "/" + newName) == 0 else {
            throw Self.failure("rename", path + "/" + name)
        }
    }

    package func syncDirectory() throws(StoreFailure) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("fsync", path) }
    }

    fileprivate static func failure(_ operation: String, _ file: String) -> StoreFailure {
        .disk(operation: operation, file: file, because: String(cString: strerror(errno)))
    }
}

/// One file of it, which is closed with the last who holds it.
final class SystemLogFile: LogFile {
    let descriptor: Int32
    let name: String

    init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    deinit { close(descriptor) }

    func byteCount() throws(StoreFailure) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemLogDisk.failure("fstat", name) }
        return Int(status.st_size)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreFailure) {
        var done = 0
        while done < bytes.count {
            let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw SystemLogDisk.failure("pwrite", name) }
            done += written
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreFailure) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemLogDisk.failure("pread", name) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func sync() throws(StoreFailure) {
        guard fdatasync(descriptor) == 0 else { throw SystemLogDisk.failure("fdatasync", name) }
    }
}
