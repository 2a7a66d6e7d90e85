import MartletStore

/// One file of a simulated disk, as one process has opened it.
///
/// `@unchecked Sendable` for the same reason as its disk.
final class SimulatedFile: LogFile, @unchecked Sendable {
    private let disk: SimulatedDisk
    private let inode: SimulatedDisk.Inode
    private let boot: Int
    let name: String

    init(disk: SimulatedDisk, inode: SimulatedDisk.Inode, name: String, boot: Int) {
        self.disk = disk
        self.inode = inode
        self.boot = boot
        self.name = name
    }

    func byteCount() throws(StoreFailure) -> Int { inode.bytes.count }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreFailure) {
        try disk.write(bytes, at: offset, to: inode, name, boot: boot)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreFailure) -> Int {
        try disk.read(into: buffer, at: offset, from: inode, name, boot: boot)
    }

    func sync() throws(StoreFailure) { try disk.sync(inode, name, boot: boot) }
}
