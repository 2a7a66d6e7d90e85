package import MartletBase
package import MartletStore
import Synchronization

/// A directory in memory that remembers what was synced: what a crash leaves of it can be asked for, and operations can
/// be made to fail.
package final class MemoryLogDisk: LogDisk {
    fileprivate struct Write {
        let offset: Int
        let bytes: [UInt8]
    }

    fileprivate struct Content {
        var bytes: [UInt8]
        var durable: [UInt8]
        /// Since the last sync, in order.
        var unsynced: [Write] = []
        /// Follows the file from name to name.
        var file = Name()
    }

    /// What an open file is called now.
    fileprivate final class Name: Sendable {
        private let value = Mutex("")
        var current: String { value.withLock { $0 } }
        func rename(_ name: String) { value.withLock { $0 = name } }
    }

    fileprivate struct State {
        var files: [String: Content] = [:]
        var syncCount = 0
        /// The operation that fails, and how many of its kind go well before.
        var fault: (operation: String, after: Int)?
    }

    private let state: Mutex<State>

    package init() { state = Mutex(State()) }

    private init(files: [String: Content]) { state = Mutex(State(files: files)) }

    package var syncCount: Int { state.withLock { $0.syncCount } }

    /// The operation (`write`, `sync` or `create`) fails once it has gone well so often, and ever after.
    package func fail(_ operation: String, after count: Int = 0) { state.withLock { $0.fault = (operation, count) } }

    /// Nothing fails any more.
    package func mend() { state.withLock { $0.fault = nil } }

    /// The disk as it is after the process was killed: all that was written.
    package func afterKill() -> MemoryLogDisk {
        MemoryLogDisk(
            files: state.withLock { state in
                state.files.mapValues { Content(bytes: $0.bytes, durable: $0.bytes) }
            })
    }

    /// The disk as it may be after the power was lost: what was synced, and any part of what was not.
    package func afterPowerLoss(_ random: some RandomSource) -> MemoryLogDisk {
        MemoryLogDisk(
            files: state.withLock { state in
                state.files.mapValues { content in
                    var bytes = content.durable
                    for write in content.unsynced {
                        switch random.nextUInt64() % 3 {
                        case 0: break
                        case 1: Self.apply(write, upTo: write.bytes.count, to: &bytes)
                        default: Self.apply(write, upTo: Int(random.nextUInt64() % UInt64(write.bytes.count + 1)), to: &bytes)
                        }
                    }
                    return Content(bytes: bytes, durable: bytes)
                }
            })
    }

    private static func apply(_ write: Write, upTo count: Int, to bytes: inout [UInt8]) {
        let end = write.offset + count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(write.offset..<end, with: write.bytes[..<count])
    }

    /// Changes one file's bytes, as damage would.
    package func damage(_ name: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard var content = state.files[name] else { return }
            change(&content.bytes)
            content.durable = content.bytes
            state.files[name] = content
        }
    }

    package func bytes(of name: String) -> [UInt8]? { state.withLock { $0.files[name]?.bytes } }

    package func fileNames() throws(StoreFailure) -> [String] { state.withLock { Array($0.files.keys) } }

    package func create(_ name: String, byteCount: Int) throws(StoreFailure) -> any LogFile {
        try check("create", name)
        let zeros = [UInt8](repeating: 0, count: byteCount)
        let content = Content(bytes: zeros, durable: zeros)
        content.file.rename(name)
        state.withLock { $0.files[name] = content }
        return MemoryLogFile(disk: self, content.file)
    }

    package func open(_ name: String) throws(StoreFailure) -> any LogFile {
        guard let content = state.withLock({ $0.files[name] }) else {
            throw .disk(operation: "open", file: name, because: "there is no such file")
        }
        content.file.rename(name)
        return MemoryLogFile(disk: self, content.file)
    }

    package func remove(_ name: String) throws(StoreFailure) { state.withLock { _ = $0.files.removeValue(forKey: name) } }

    package func rename(_ name: String, to newName: String) throws(StoreFailure) {
        try check("rename", name)
        state.withLock { state in
            guard let content = state.files.removeValue(forKey: name) else { return }
            state.files[newName] = content
            content.file.rename(newName)
        }
    }

    package func syncDirectory() throws(StoreFailure) {}

    fileprivate func check(_ operation: String, _ name: String) throws(StoreFailure) {
        let fails = state.withLock { state in
            guard let fault = state.fault, fault.operation == operation else { return false }
            if fault.after > 0 {
                state.fault?.after -= 1
                return false
            }
            return true
        }
        if fails { throw .disk(operation: operation, file: name, because: "as the test says") }
    }

    fileprivate func write(_ name: String, _ offset: Int, _ bytes: [UInt8]) {
        let write = Write(offset: offset, bytes: bytes)
        state.withLock { state in
            guard var content = state.files.removeValue(forKey: name) else { return }
            Self.apply(write, upTo: bytes.count, to: &content.bytes)
            content.unsynced.append(write)
            state.files[name] = content
        }
    }

    fileprivate func sync(_ name: String) {
        state.withLock { state in
            state.syncCount += 1
            guard var content = state.files.removeValue(forKey: name) else { return }
            for write in content.unsynced { Self.apply(write, upTo: write.bytes.count, to: &content.durable) }
            content.unsynced = []
            state.files[name] = content
        }
    }

    fileprivate func read(_ name: String, _ offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            guard let bytes = state.files[name]?.bytes, offset < bytes.count else { return 0 }
            let count = min(buffer.count, bytes.count - offset)
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
            return count
        }
    }
}

private final class MemoryLogFile: LogFile {
    private let disk: MemoryLogDisk
    private let file: MemoryLogDisk.Name
    var name: String { file.current }

    init(disk: MemoryLogDisk, _ file: MemoryLogDisk.Name) {
        self.disk = disk
        self.file = file
    }

    func byteCount() throws(StoreFailure) -> Int { disk.bytes(of: name)?.count ?? 0 }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreFailure) {
        try disk.check("write", name)
        disk.write(name, offset, Array(bytes))
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreFailure) -> Int {
        disk.read(name, offset, into: buffer)
    }

    func sync() throws(StoreFailure) {
        try disk.check("sync", name)
        disk.sync(name)
    }
}
