import Glibc
import MartletBase

/// The directory of a log for one who only looks: files are opened for reading alone, and what would change something
/// fails. Beside a running server too.
package struct ReadOnlyLogDisk: LogDisk {
    private let path: String

    package init(directory path: String) { self.path = path }

    package func fileNames() throws(StoreFailure) -> [String] {
        do throws(SystemFiles.Failure) {
            return try SystemFiles.entries(path)
        } catch {
            throw .disk(operation: "opendir", file: path, because: error.text)
        }
    }

    package func open(_ name: String) throws(StoreFailure) -> any LogFile {
        let descriptor = Glibc.open(path + "/" + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .disk(operation: "open", file: path + "/" + name, because: String(cString: strerror(errno)))
        }
        return ReadOnlyLogFile(descriptor: descriptor, name: path + "/" + name)
    }

    package func create(_ name: String, byteCount: Int) throws(StoreFailure) -> any LogFile { throw refusal("create", name) }
    package func remove(_ name: String) throws(StoreFailure) { throw refusal("unlink", name) }
    package func rename(_ name: String, to newName: String) throws(StoreFailure) { throw refusal("rename", name) }
    package func syncDirectory() throws(StoreFailure) { throw refusal("fsync", "") }

    private func refusal(_ operation: String, _ name: String) -> StoreFailure {
        .disk(operation: operation, file: path + "/" + name, because: "it is open for reading only")
    }
}

private final class ReadOnlyLogFile: LogFile {
    let descriptor: Int32
    let name: String

    init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    deinit { close(descriptor) }

    func byteCount() throws(StoreFailure) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        return Int(status.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreFailure) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("pread") }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreFailure) { throw readOnly("pwrite") }
    func sync() throws(StoreFailure) { throw readOnly("fdatasync") }

    private func failure(_ operation: String) -> StoreFailure {
        .disk(operation: operation, file: name, because: String(cString: strerror(errno)))
    }

    private func readOnly(_ operation: String) -> StoreFailure {
        .disk(operation: operation, file: name, because: "it is open for reading only")
    }
}
