import NIOCore

/// Reads all segments at the start and finds out what is live.
///
/// Each segment says which one was before it and where that one's records end, so nothing that a failed write has left can be
/// taken for something, and a segment that is missing is missed. Only the newest may end in the middle of a batch: what follows
/// its last whole batch was never acknowledged, and is cut off, unless a later mark says that it had been synced. A bad
/// record anywhere else is damage, and the store is refused as it is: nothing on the disk is changed before all of it has
/// been read.
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

    private struct Segment {
        let number: UInt32
        let header: SegmentHeader
        let file: any LogFile
        /// What its successor says; nil for the newest, and before one of format 1.
        var end: Int?
    }

    private let disk: any LogDisk
    private let crc: CRC32C
    private let mustExist: Bool
    private(set) var index = LogIndex()
    private(set) var nextStoreNumber: UInt64 = 1
    private(set) var nextSegment: UInt32 = 1
    private(set) var manifest: LogManifest?
    /// The newest segment, which is written on; nil where there is none of this format.
    private(set) var newest: (number: UInt32, file: any LogFile, byteCount: Int, end: Int)?
    /// The segment before it, and where its records end.
    private(set) var previous: (number: UInt32, end: Int) = (0, 0)
    private var queues: [UInt64: FoundQueue] = [:]
    private var ended: Set<UInt64> = []
    private var cleaned: Set<UInt32> = []
    /// Where the last mark of the segment that is being read stands.
    private var lastMark: Int?
    /// Where in it the whole records end; the whole batches may end earlier.
    private var wholeRecordsEnd = 0

    /// - Parameter mustExist: there was a log here once.
    init(disk: any LogDisk, crc: CRC32C, mustExist: Bool = false) {
        self.disk = disk
        self.crc = crc
        self.mustExist = mustExist
    }

    mutating func run(_ onProgress: (Int, Int) -> Void = { _, _ in }) throws(StoreFailure) {
        let numbers = try disk.fileNames().compactMap(SegmentHeader.number).sorted()
        manifest = try LogManifest(openedFrom: disk, crc)
        nextSegment = (numbers.last ?? 0) + 1
        let (segments, others) = try chain(numbers)
        for (place, segment) in segments.dropLast().enumerated() {
            onProgress(place, segments.count)
            try read(segment)
        }
        let newest = segments.last
        let mend = try newest.map { newest throws(StoreFailure) in try readNewest(newest) }
        try checkBeginning(of: segments)
        for (number, found) in queues where found.openedAt != nil && !ended.contains(number) { rebuild(number, found) }
        index.finishRestoring()
        try mend?()
        try disk.syncDirectory()
        try makeManifest(newest: newest?.number ?? 0)
        for number in others { try disk.remove(SegmentHeader.fileName(number)) }
        if !others.isEmpty { try disk.syncDirectory() }
    }

    // MARK: The chain

    /// The segments that make up the log, from the oldest to the newest, and the files that are no part of it.
    private func chain(_ numbers: [UInt32]) throws(StoreFailure) -> ([Segment], others: [UInt32]) {
        var others = Set(numbers)
        guard let newest = try newestSegment(numbers) else { return ([], Array(others)) }
        var segments = [newest]
        others.remove(newest.number)
        while let first = segments.first, let previous = previousNumber(of: first, among: numbers) {
            guard others.remove(previous) != nil else { break }
            guard var segment = try segment(previous) else { throw noHeader(previous) }
            segment.end = first.header.chain?.previousEnd
            segments.insert(segment, at: 0)
        }
        // Older than all that is needed, or begun and given up.
        return (segments, Array(others))
    }

    private func previousNumber(of segment: Segment, among numbers: [UInt32]) -> UInt32? {
        guard let chain = segment.header.chain else { return numbers.last { $0 < segment.number } }
        return chain.previousNumber == 0 ? nil : chain.previousNumber
    }

    /// The last one that has a header. Behind it there may be one that was made and not begun: nothing is in it.
    private func newestSegment(_ numbers: [UInt32]) throws(StoreFailure) -> Segment? {
        var found: Segment?
        for number in numbers.reversed() {
            if let segment = try segment(number) {
                found = segment
                break
            }
            guard number > manifest?.newestSegment ?? 0, try isEmpty(number) else { throw noHeader(number) }
        }
        guard let manifest else {
            let isNew = found == nil || found?.header.chain == nil
            if mustExist || !isNew { throw missing(LogManifest.fileName) }
            return found
        }
        guard found?.number ?? 0 >= manifest.newestSegment else {
            throw missing(SegmentHeader.fileName(manifest.newestSegment))
        }
        return found
    }

    private func segment(_ number: UInt32) throws(StoreFailure) -> Segment? {
        let file = try disk.open(SegmentHeader.fileName(number))
        let count = min(SegmentHeader.byteCount, try file.byteCount())
        let header = try LogReader.read(file, at: 0, byteCount: count).withUnsafeReadableBytesTyped {
            bytes throws(StoreFailure) in try SegmentHeader(bytes, file: file.name, crc)
        }
        guard let header, header.number == number else { return nil }
        let (found, written) = (try file.byteCount(), header.chain?.fileBytes ?? 0)
        guard found >= written else {
            throw .corrupt(file: file.name, offset: found, because: "it is cut short: it had \(written) bytes")
        }
        return Segment(number: number, header: header, file: file)
    }

    /// Made, and not even its header was written whole before the end: so there is nothing behind it either.
    private func isEmpty(_ number: UInt32) throws(StoreFailure) -> Bool {
        let file = try disk.open(SegmentHeader.fileName(number))
        let bytes = try LogReader.read(file, at: 0, byteCount: try file.byteCount())
        return bytes.withUnsafeReadableBytes { $0.dropFirst(SegmentHeader.byteCount).allSatisfy { $0 == 0 } }
    }

    private func noHeader(_ number: UInt32) -> StoreFailure {
        .corrupt(file: disk.path(of: SegmentHeader.fileName(number)), offset: 0, because: "it has no header")
    }

    private func missing(_ file: String) -> StoreFailure { .corrupt(file: disk.path(of: file), offset: 0, because: "it is missing") }

    /// The oldest segment that is there is the oldest that is needed, or the one before it is known to be needed no more.
    private func checkBeginning(of segments: [Segment]) throws(StoreFailure) {
        guard let first = segments.first?.header.chain, first.previousNumber > 0 else { return }
        let oldest = segments.last?.header.chain?.oldestNumber ?? 0
        guard oldest > first.previousNumber || cleaned.contains(first.previousNumber) else {
            throw missing(SegmentHeader.fileName(first.previousNumber))
        }
    }

    // MARK: Segments

    private mutating func read(_ segment: Segment) throws(StoreFailure) {
        let bytes = try LogReader.read(segment.file, at: 0, byteCount: try segment.file.byteCount())
        let end = readRecords(bytes, of: segment)
        let isWhole =
            segment.end.map { $0 == end } ?? (bytes.getInteger(at: end, as: UInt32.self) ?? 0 == 0)
        guard isWhole else {
            throw .corrupt(
                file: segment.file.name, offset: wholeRecordsEnd, because: "a record is not what was written")
        }
        index.seal(segment.number, recordsEnd: end)
    }

    /// Returns what has to be done to its file so that its end is an end.
    private mutating func readNewest(
        _ segment: Segment
    ) throws(StoreFailure) -> () throws(StoreFailure) -> Void {
        let bytes = try LogReader.read(segment.file, at: 0, byteCount: try segment.file.byteCount())
        let end = readRecords(bytes, of: segment)
        let tornBytes = Self.tornBytes(bytes, behind: end)
        guard !hasMark(bytes, in: end..<end + tornBytes) else {
            throw .corrupt(
                file: segment.file.name, offset: wholeRecordsEnd, because: "a record is not what was written")
        }
        index.seal(segment.number, recordsEnd: end)
        if let chain = segment.header.chain {
            newest = (segment.number, segment.file, bytes.readableBytes, end)
            previous = (chain.previousNumber, chain.previousEnd)
        } else {
            previous = (segment.number, end)
        }
        // What stands behind the last mark may be known to the system and not be on disk: the process was killed before its
        // sync, or the sync has failed. Then nothing but writing it again makes it durable.
        let start = lastMark ?? 0
        var tail = bytes.getSlice(at: start, length: end - start) ?? ByteBuffer()
        // What was torn must not look like something behind what will be written here.
        tail.writeRepeatingByte(0, count: tornBytes)
        return { () throws(StoreFailure) in
            try tail.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in
                try segment.file.write(bytes, at: start)
            }
            try segment.file.sync()
        }
    }

    /// Up to the last byte behind this place that is not 0. Nearly always none is, in megabytes: eight are looked at at once.
    private static func tornBytes(_ bytes: ByteBuffer, behind end: Int) -> Int {
        bytes.withUnsafeReadableBytes { bytes in
            var last = bytes.count
            while last - 8 >= end, bytes.loadUnaligned(fromByteOffset: last - 8, as: UInt64.self) == 0 { last -= 8 }
            while last > end, bytes[last - 1] == 0 { last -= 1 }
            return last - end
        }
    }

    /// Whether a group began in what is torn: then it had been synced.
    private func hasMark(_ bytes: ByteBuffer, in torn: Range<Int>) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in
            let length = UInt8(LogRecord.markBytes - LogRecord.headerBytes)
            var offset = torn.lowerBound
            while offset < torn.upperBound, offset + LogRecord.markBytes <= bytes.count {
                // The length's first byte and the type say for most places that there is none.
                if bytes[offset] == length, bytes[offset + LogRecord.headerBytes] == LogRecord.RecordType.mark.rawValue,
                    LogRecordView(UnsafeRawBufferPointer(rebasing: bytes[offset...]), crc)?.type == .mark
                {
                    return true
                }
                offset += 1
            }
            return false
        }
    }

    private mutating func makeManifest(newest: UInt32) throws(StoreFailure) {
        guard manifest == nil else { return try manifest!.setNewestSegment(newest) }
        if try disk.fileNames().contains(LogManifest.draftName) { try disk.remove(LogManifest.draftName) }
        manifest = try LogManifest(on: disk, newestSegment: newest, crc)
    }

    // MARK: Records

    /// Returns where the whole batches end.
    private mutating func readRecords(_ buffer: ByteBuffer, of segment: Segment) -> Int {
        nextStoreNumber = max(nextStoreNumber, segment.header.nextStoreNumber)
        lastMark = nil
        index.add(
            segment.number,
            LogIndex.Segment(
                file: segment.file, byteCount: buffer.readableBytes, recordsOffset: segment.header.recordsOffset,
                recordsEnd: .max))
        return buffer.withUnsafeReadableBytes { whole in
            let bytes = UnsafeRawBufferPointer(rebasing: whole[..<min(segment.end ?? whole.count, whole.count)])
            var offset = segment.header.recordsOffset
            var batch: [(view: LogRecordView, offset: Int)] = []
            while offset < bytes.count,
                let view = LogRecordView(UnsafeRawBufferPointer(rebasing: bytes[offset...]), crc)
            {
                batch.append((view, offset))
                offset += view.bytes.count
                guard !view.isContinued else { continue }
                for record in batch { read(record.view, at: LogLocation(segment: segment.number, offset: record.offset)) }
                batch.removeAll(keepingCapacity: true)
            }
            wholeRecordsEnd = offset
            return batch.first?.offset ?? offset
        }
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
        case .mark: lastMark = location.offset
        case .cleaned:
            if view.cleanedThrough == LogRecord.wholeSegment { cleaned.insert(view.cleanedSegment) }
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
