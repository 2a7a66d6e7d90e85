package import MartletBase
package import MartletStore

/// A directory on a disk that fails as disks fail, by the numbers of a seed: writes stay in a cache page by page until a
/// sync, and a power loss keeps any of those pages, in part or whole, in any order; names are durable when the directory is
/// synced; operations can be made to fail, and the machine to stop in the middle of one.
///
/// `@unchecked Sendable` because it is used on one thread: a simulation runs everything on its own.
package final class SimulatedDisk: LogDisk, @unchecked Sendable {
    /// What a file's name leads to. Two names never lead to the same one.
    final class Inode {
        /// As reads see it.
        var bytes: [UInt8]
        /// As the medium has it.
        var durable: [UInt8]
        /// By page: differs from the medium and will be written by the next sync.
        var isDirty: [Bool]

        init(bytes: [UInt8], pageBytes: Int) {
            self.bytes = bytes
            durable = bytes
            isDirty = Array(repeating: false, count: (bytes.count + pageBytes - 1) / pageBytes)
        }
    }

    /// What the system writes as one.
    package let pageBytes: Int
    /// What the medium writes as one.
    package let sectorBytes: Int
    /// What is wrong now.
    package var faults = DiskFaults.none
    /// Called in the middle of a sync that will go well, as long as it takes: what is written meanwhile is not in it.
    package var duringSync: (() -> Void)?
    /// Told in words of all that is asked of the disk and changes something.
    package var onOperation: ((String) -> Void)?
    /// Of operations that change something and have been begun, since the disk was made.
    package private(set) var operationCount = 0
    package private(set) var syncCount = 0
    /// The machine has stopped in the middle of an operation; nothing works until it is started again.
    package private(set) var hasStopped = false

    /// The machine stops when so many operations have been begun: somebody does not come to an end.
    package var operationLimit = Int.max
    package var isWornOut: Bool { operationCount > operationLimit }

    private let random: any RandomSource
    private var names: [String: Inode] = [:]
    private var durableNames: [String: Inode] = [:]
    /// What has happened to names since the directory was synced, in order; nil: the name is gone. What one operation does is
    /// durable as a whole or not at all.
    private var changes: [[(name: String, inode: Inode?)]] = []
    private var stopsAt: Int?
    /// Files that were opened before the last start belong to a process that is no more.
    private var boot = 0

    package init(random: some RandomSource, pageBytes: Int = 4096, sectorBytes: Int = 512) {
        self.random = random
        self.pageBytes = pageBytes
        self.sectorBytes = sectorBytes
    }

    /// The machine stops in the middle of the operation that comes after so many others.
    package func stop(after operations: Int) { stopsAt = operationCount + operations + 1 }

    /// The machine does not stop by itself any more.
    package func keepRunning() { stopsAt = nil }

    /// The process was killed, and another begins: everything that was written can be read.
    package func restartProcess() {
        hasStopped = false
        stopsAt = nil
        boot += 1
    }

    /// The power was lost, and the machine begins anew: what was synced is there, and any part of what was not.
    package func losePower() {
        restartProcess()
        for change in changes where chance(2) { for (name, inode) in change { durableNames[name] = inode } }
        changes = []
        names = durableNames
        for name in names.keys.sorted() { names[name].map(loseDirtyPages) }
    }

    private func loseDirtyPages(of inode: Inode) {
        for page in inode.isDirty.indices where inode.isDirty[page] {
            switch below(3) {
            case 0: break
            case 1: writeBack(page, of: inode)
            default: writeSomeSectors(of: page, of: inode)
            }
        }
        inode.bytes = inode.durable
        inode.isDirty = inode.isDirty.map { _ in false }
    }

    /// What the files of the directory take.
    package var byteCount: Int { names.values.reduce(0) { $0 + $1.bytes.count } }

    package func bytes(of name: String) -> [UInt8]? { names[name]?.bytes }

    /// All files as reads see them.
    package var contents: [String: [UInt8]] { names.mapValues(\.bytes) }

    /// Changes one file's bytes on the medium and in the cache, as damage would.
    package func damage(_ name: String, _ change: (inout [UInt8]) -> Void) {
        guard let inode = names[name] else { return }
        var bytes = inode.bytes
        change(&bytes)
        names[name] = Inode(bytes: bytes, pageBytes: pageBytes)
        durableNames[name] = names[name]
    }

    /// Somebody has deleted a file.
    package func lose(_ name: String) {
        names[name] = nil
        durableNames[name] = nil
    }
}

// MARK: The directory

extension SimulatedDisk {
    package func fileNames() throws(StoreFailure) -> [String] { names.keys.sorted() }

    package func create(_ name: String, byteCount: Int) throws(StoreFailure) -> any LogFile {
        try begin("create", name)
        guard names[name] == nil else { throw Self.failure("create", name, "File exists") }
        try checkRoom(for: byteCount, "create", name)
        try fail(if: faults.failsWrites, "create", name)
        let inode = Inode(bytes: [UInt8](repeating: 0, count: byteCount), pageBytes: pageBytes)
        change([(name, inode)])
        try stopIfDue("create", name)
        return SimulatedFile(disk: self, inode: inode, name: name, boot: boot)
    }

    package func open(_ name: String) throws(StoreFailure) -> any LogFile {
        guard let inode = names[name] else { throw Self.failure("open", name, "No such file or directory") }
        return SimulatedFile(disk: self, inode: inode, name: name, boot: boot)
    }

    package func remove(_ name: String) throws(StoreFailure) {
        try begin("remove", name)
        guard names[name] != nil else { throw Self.failure("remove", name, "No such file or directory") }
        change([(name, nil)])
        try stopIfDue("remove", name)
    }

    package func rename(_ name: String, to newName: String) throws(StoreFailure) {
        try begin("rename", name)
        guard let inode = names[name] else { throw Self.failure("rename", name, "No such file or directory") }
        change([(name, nil), (newName, inode)])
        try stopIfDue("rename", name)
    }

    package func syncDirectory() throws(StoreFailure) {
        try begin("sync", ".")
        try fail(if: faults.failsSyncs, "sync", ".")
        try stopIfDue("sync", ".")
        guard !faults.pretendsToSync else { return }
        durableNames = names
        changes = []
    }
}

extension SimulatedDisk {
    private func change(_ change: [(name: String, inode: Inode?)]) {
        for (name, inode) in change { names[name] = inode }
        changes.append(change)
    }
}

// MARK: One file's operations

extension SimulatedDisk {
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, to inode: Inode, _ name: String, boot: Int) throws(StoreFailure) {
        try check(boot, "write", name)
        try begin("write", name, offset..<offset + bytes.count)
        try checkRoom(for: max(0, offset + bytes.count - inode.bytes.count), "write", name)
        try fail(if: faults.failsWrites, "write", name)
        let isCut = faults.cutsWrites && chance(faults.oneIn)
        let mustStop = operationCount == stopsAt
        let count = isCut || mustStop ? below(bytes.count + 1) : bytes.count
        put(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: offset, in: inode)
        try stopIfDue("write", name)
        if isCut { throw Self.failure("write", name, Self.ioError) }
    }

    private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int, in inode: Inode) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if inode.bytes.count < end {
            let growth = [UInt8](repeating: 0, count: end - inode.bytes.count)
            inode.bytes += growth
            inode.durable += growth
            inode.isDirty += Array(repeating: false, count: (end + pageBytes - 1) / pageBytes - inode.isDirty.count)
        }
        inode.bytes.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[offset..<end]).copyMemory(from: bytes) }
        for page in offset / pageBytes...(end - 1) / pageBytes {
            inode.isDirty[page] = true
            // The system writes what is dirty whenever it likes.
            if chance(16) { writeBack(page, of: inode) }
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int, from inode: Inode, _ name: String, boot: Int
    ) throws(StoreFailure) -> Int {
        try check(boot, "read", name)
        try fail(if: faults.failsReads, "read", name)
        guard offset < inode.bytes.count else { return 0 }
        let count = min(buffer.count, inode.bytes.count - offset)
        inode.bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        return count
    }

    func sync(_ inode: Inode, _ name: String, boot: Int) throws(StoreFailure) {
        try check(boot, "sync", name)
        try begin("sync", name)
        syncCount += 1
        let pages = inode.isDirty.indices.filter { inode.isDirty[$0] }
        if faults.failsSyncs, chance(faults.oneIn) {
            for page in pages { inode.isDirty[page] = false }
            throw Self.failure("sync", name, Self.ioError)
        }
        if operationCount == stopsAt {
            for page in pages where chance(2) { writeBack(page, of: inode) }
            try stopIfDue("sync", name)
        }
        if faults.pretendsToSync { return }
        for page in pages { writeBack(page, of: inode) }
        duringSync?()
        if hasStopped { throw Self.failure("sync", name, Self.stopped) }
    }

    private func writeBack(_ page: Int, of inode: Inode) {
        let range = page * pageBytes..<min((page + 1) * pageBytes, inode.bytes.count)
        inode.durable.replaceSubrange(range, with: inode.bytes[range])
        inode.isDirty[page] = false
    }

    private func writeSomeSectors(of page: Int, of inode: Inode) {
        let end = min((page + 1) * pageBytes, inode.bytes.count)
        for start in stride(from: page * pageBytes, to: end, by: sectorBytes) where chance(2) {
            let range = start..<min(start + sectorBytes, end)
            inode.durable.replaceSubrange(range, with: inode.bytes[range])
        }
    }
}

// MARK: Faults

extension SimulatedDisk {
    private static let ioError = "Input/output error"
    private static let stopped = "the machine has stopped"

    private static func failure(_ operation: String, _ file: String, _ cause: String) -> StoreFailure {
        .disk(operation: operation, file: file, because: cause)
    }

    private func check(_ boot: Int, _ operation: String, _ name: String) throws(StoreFailure) {
        if hasStopped || boot != self.boot { throw Self.failure(operation, name, Self.stopped) }
    }

    private func begin(_ operation: String, _ name: String, _ place: Range<Int>? = nil) throws(StoreFailure) {
        if hasStopped { throw Self.failure(operation, name, Self.stopped) }
        operationCount += 1
        if isWornOut { hasStopped = true }
        onOperation?("\(operation) \(name)" + (place.map { " \($0)" } ?? ""))
        if faults.isReadOnly { throw Self.failure(operation, name, "Read-only file system") }
    }

    private func stopIfDue(_ operation: String, _ name: String) throws(StoreFailure) {
        guard operationCount == stopsAt else { return }
        hasStopped = true
        throw Self.failure(operation, name, Self.stopped)
    }

    private func checkRoom(for byteCount: Int, _ operation: String, _ name: String) throws(StoreFailure) {
        guard let capacity = faults.capacityBytes, byteCount > 0, self.byteCount + byteCount > capacity else { return }
        throw Self.failure(operation, name, "No space left on device")
    }

    private func fail(if isFaulty: Bool, _ operation: String, _ name: String) throws(StoreFailure) {
        if isFaulty, chance(faults.oneIn) { throw Self.failure(operation, name, Self.ioError) }
    }

    private func below(_ limit: Int) -> Int { Int(random.nextUInt64() % UInt64(limit)) }

    private func chance(_ oneIn: Int) -> Bool { oneIn <= 1 || below(oneIn) == 0 }
}
