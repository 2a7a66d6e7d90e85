import NIOCore

/// Reads all segments at the start and finds out what is live.
///
/// Only the newest segment may end in the middle of a batch: an older one was synced before the newer one was. What
/// follows the last whole batch there was never acknowledged; it is cut off. A bad record anywhere else is damage, and
/// the store is refused as it is.
struct LogRecovery {
    /// An entry as some record names it. Records that the cleaner has moved come later than their successors.
    private struct Found {
        let sequence: UInt64
        let slot: QueueIndex.Slot
    }

    private struct FoundQueue {
        var openedAt: (LogLocation, Int)?
        var cursor: (QueueCursor, LogLocation, Int)?
        var entries: [Found] = []
    }

    private let disk: any LogDisk
    private let crc: CRC32C
    private(set) var index = LogIndex()
    private(set) var nextStoreNumber: UInt64 = 1
    private(set) var nextSegment: UInt32 = 1
    private var queues: [UInt64: FoundQueue] = [:]
    private var ended: Set<UInt64> = []

    init(disk: any LogDisk, crc: CRC32C) {
        self.disk = disk
        self.crc = crc
    }

    mutating func run() throws(StoreFailure) {
        let numbers = try disk.fileNames().compactMap(SegmentHeader.number).sorted()
        for number in numbers { try readSegment(number, isNewest: number == numbers.last) }
        for (number, found) in queues where found.openedAt != nil && !ended.contains(number) { rebuild(number, found) }
        index.finishRestoring()
    }

    private mutating func readSegment(_ number: UInt32, isNewest: Bool) throws(StoreFailure) {
        let file = try disk.open(SegmentHeader.fileName(number))
        let bytes = try LogReader.read(file, at: 0, byteCount: try file.byteCount())
        nextSegment = number + 1
        let header = try bytes.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in
            try SegmentHeader(bytes, file: file.name, crc)
        }
        guard let header, header.number == number else {
            // Made, and not even its header was written whole before the end: so there is nothing behind it either.
            let isEmpty = bytes.withUnsafeReadableBytes { $0.dropFirst(SegmentHeader.byteCount).allSatisfy { $0 == 0 } }
            guard isNewest, isEmpty else { throw .corrupt(file: file.name, offset: 0, because: "it has no header") }
            try disk.remove(SegmentHeader.fileName(number))
            return try disk.syncDirectory()
        }
        nextStoreNumber = max(nextStoreNumber, header.nextStoreNumber)
        index.add(file, number: number, byteCount: bytes.readableBytes)
        let end = bytes.withUnsafeReadableBytes { readRecords($0, of: number) }
        let isCleanEnd = bytes.getInteger(at: end, as: UInt32.self) ?? 0 == 0
        guard !isCleanEnd else { return }
        guard isNewest else { throw .corrupt(file: file.name, offset: end, because: "a record is not what was written") }
        try cut(file, at: end, fileBytes: bytes.readableBytes)
    }

    /// Makes what was torn look like the end it is, so that it is not mistaken for damage when newer segments follow.
    private func cut(_ file: any LogFile, at offset: Int, fileBytes: Int) throws(StoreFailure) {
        let zeros = ByteBuffer(repeating: 0, count: min(LogRecord.headerBytes, fileBytes - offset))
        try zeros.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in try file.write(bytes, at: offset) }
        try file.sync()
    }

    /// Returns where the whole batches end.
    private mutating func readRecords(_ bytes: UnsafeRawBufferPointer, of segment: UInt32) -> Int {
        var offset = SegmentHeader.byteCount
        var batch: [(view: LogRecordView, offset: Int)] = []
        while offset < bytes.count,
            let view = LogRecordView(UnsafeRawBufferPointer(rebasing: bytes[offset...]), crc)
        {
            batch.append((view, offset))
            offset += view.bytes.count
            guard !view.isContinued else { continue }
            for record in batch { read(record.view, at: LogLocation(segment: segment, offset: record.offset)) }
            batch.removeAll(keepingCapacity: true)
        }
        return batch.first?.offset ?? offset
    }

    private mutating func read(_ view: LogRecordView, at location: LogLocation) {
        switch view.type {
        case .put:
            note(view.number)
            guard let kind = view.kind, index.accepts(view.number, revision: view.revision) else { return }
            index.put(
                view.number,
                LogIndex.Record(
                    location: location, recordBytes: view.bytes.count, revision: view.revision, kind: kind))
        case .remove:
            note(view.number)
            guard index.accepts(view.number, revision: view.revision) else { return }
            index.remove(view.number, revision: view.revision, at: location)
        case .openQueue:
            note(view.queue)
            queues[view.queue, default: FoundQueue()].openedAt = (location, view.bytes.count)
        case .endQueue:
            note(view.queue)
            ended.insert(view.queue)
        case .cursor: queues[view.queue, default: FoundQueue()].cursor = (view.cursor, location, view.bytes.count)
        case .message: readMessage(view, at: location)
        case .void: break
        }
    }

    private mutating func readMessage(_ view: LogRecordView, at location: LogLocation) {
        let slot = QueueIndex.Slot(
            location: location, recordBytes: UInt32(view.bytes.count), bodyBytes: UInt32(view.messageBodyBytes))
        for target in 0..<Int(view.targetCount) {
            note(view.targetQueue(target))
            let sequence = view.targetSequence(target)
            guard sequence > 0 else { continue }
            queues[view.targetQueue(target), default: FoundQueue()].entries.append(Found(sequence: sequence, slot: slot))
        }
    }

    private mutating func note(_ number: UInt64) { nextStoreNumber = max(nextStoreNumber, number + 1) }

    private mutating func rebuild(_ number: UInt64, _ found: FoundQueue) {
        let queue = QueueIndex(number: number)
        index.add(queue)
        if let (location, bytes) = found.openedAt { index.opened(queue, at: location, bytes) }
        let cursor = found.cursor?.0 ?? QueueCursor()
        let settled = Set(cursor.settledBeyond)
        // Of two copies of one entry the later is the one that stays.
        var latest: [UInt64: QueueIndex.Slot] = [:]
        for entry in found.entries { latest[entry.sequence] = entry.slot }
        for (sequence, slot) in latest.sorted(by: { $0.key < $1.key })
        where sequence > cursor.settledThrough && !settled.contains(sequence) {
            index.restore(sequence, slot, in: queue)
        }
        if let (cursor, location, bytes) = found.cursor { index.moveCursor(of: queue, to: cursor, at: location, bytes) }
        queue.nextSequence = max(queue.lastSequence, latest.keys.max() ?? 0, settled.max() ?? 0, cursor.sentThrough) + 1
        // What was appended and settled out of turn at the very end is still counted.
        queue.pad(through: queue.nextSequence - 1)
    }
}
