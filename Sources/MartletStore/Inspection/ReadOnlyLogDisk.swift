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

/// Reads as the log does, and refuses to change anything.
private final class ReadOnlyLogFile: LogFile {
    private let file: SystemLogFile
    var name: String { file.name }

    init(descriptor: Int32, name: String) { file = SystemLogFile(descriptor: descriptor, name: name) }

    func byteCount() throws(StoreFailure) -> Int { try file.byteCount() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreFailure) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreFailure) { throw readOnly("pwrite") }
    func sync() throws(StoreFailure) { throw readOnly("fdatasync") }

    private func readOnly(_ operation: String) -> StoreFailure {
        .disk(operation: operation, file: name, because: "it is open for reading only")
    }
}
