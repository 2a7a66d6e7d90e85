import NIOCore

/// Copies what is still live in the oldest segment to the end of the log, slice by slice, so that the segment can be
/// deleted. The copies go before everything else of a group: what the group changes comes after them in the log.
struct LogCleaner {
    private let limits: LogLimits
    private let crc: CRC32C
    /// The segment under way, and how far it was looked at.
    private(set) var victim: (number: UInt32, file: any LogFile, offset: Int)?
    /// Everything of the victim was looked at: it can go when the copies are durable.
    private(set) var isDone = false
    /// Why nothing is cleaned any more.
    private(set) var damage: StoreFailure?

    init(limits: LogLimits, crc: CRC32C) {
        self.limits = limits
        self.crc = crc
    }

    /// Whether there is something to do.
    func isNeeded(_ index: LogIndex, current: UInt32?, mode: Mode) -> Bool {
        guard damage == nil else { return false }
        return victim != nil || candidate(index, current, mode) != nil
    }

    /// How much that is dead is worth the work.
    enum Mode {
        case normal
        /// Room is needed, or somebody has asked for it: everything up to this segment.
        case compacting(through: UInt32)
    }

    private func candidate(_ index: LogIndex, _ current: UInt32?, _ mode: Mode) -> UInt32? {
        let isWorthIt =
            switch mode {
            case .normal: index.totalBytes > 2 * index.liveBytes + limits.cleaningSlackBytes
            case .compacting(let last): index.oldestSegment ?? .max <= last
            }
        guard isWorthIt else { return nil }
        return index.oldestSegment.flatMap { $0 == current ? nil : $0 }
    }

    /// A part of a segment, copied.
    struct Slice {
        let segment: UInt32
        let file: any LogFile
        /// Where the next slice begins.
        var through: Int
        /// There is no next.
        var isLast = false
        /// One batch: the live records, and the `cleaned` record that ends it.
        var bytes: ByteBuffer
        /// Where each of the records came from, and its offset in `bytes`.
        var moves: [(from: LogLocation, offset: Int)] = []
        /// Tombstones that nothing needs any more.
        var tombstones: [UInt64] = []
    }

    /// The next slice: looks at `byteCount` bytes at least, and copies not many more than `room`.
    func slice(
        _ index: LogIndex, atLeast byteCount: Int, room: Int, current: UInt32?, mode: Mode
    ) throws(StoreFailure) -> Slice? {
        guard damage == nil, let number = victim?.number ?? candidate(index, current, mode),
            let segment = index.segments[number]
        else { return nil }
        let start = victim?.offset ?? segment.recordsOffset
        let (file, end) = (segment.file, segment.recordsEnd)
        let bytes = try Self.read(file, from: start, to: end, atLeast: max(byteCount, limits.cleaningSliceBytes))
        var slice = Slice(segment: number, file: file, through: start, bytes: ByteBuffer())
        var offset = start
        bytes.withUnsafeReadableBytes { bytes in
            while let view = LogRecordView(UnsafeRawBufferPointer(rebasing: bytes[(offset - start)...]), crc) {
                let location = LogLocation(segment: number, offset: offset)
                if view.type == .remove, index.records[view.number]?.location == location {
                    slice.tombstones.append(view.number)
                }
                if index.isLive(view, at: location) {
                    let fits = slice.bytes.readableBytes + view.bytes.count <= room
                    if !fits, offset > start { break }
                    slice.moves.append((location, slice.bytes.writerIndex))
                    append(view, to: &slice.bytes)
                }
                offset += view.bytes.count
            }
        }
        slice.isLast = offset >= end
        // A record that is not what was written, with something behind it: the segment must not be deleted.
        if offset == start, !slice.isLast {
            throw .corrupt(file: file.name, offset: offset, because: "a record is not what was written")
        }
        slice.through = offset
        let through = slice.isLast ? LogRecord.wholeSegment : UInt32(offset)
        var note = LogRecord.sealed(.cleaned, crc) { $0.writeMultipleIntegers(number, through, endianness: .little) }
        slice.bytes.writeBuffer(&note)
        return slice
    }

    /// The record as a part of the slice's batch.
    private func append(_ view: LogRecordView, to bytes: inout ByteBuffer) {
        var record = ByteBuffer(bytes: view.bytes)
        record.setInteger(view.type.rawValue | LogRecord.isContinued, at: LogRecord.headerBytes)
        LogRecord.seal(&record, crc)
        bytes.writeBuffer(&record)
    }

    /// At least the whole next record, however large it is.
    private static func read(
        _ file: any LogFile, from offset: Int, to end: Int, atLeast byteCount: Int
    ) throws(StoreFailure) -> ByteBuffer {
        guard offset + LogRecord.headerBytes <= end else { return ByteBuffer() }
        var length: UInt32 = 0
        _ = try withUnsafeMutableBytes(of: &length) { bytes throws(StoreFailure) in try file.read(into: bytes, at: offset) }
        let wanted = max(byteCount, Int(UInt32(littleEndian: length)) + LogRecord.headerBytes)
        return try LogReader.read(file, at: offset, byteCount: min(wanted, end - offset))
    }

    /// The slice is a part of what is written.
    mutating func accept(_ slice: Slice) {
        victim = (slice.segment, slice.file, slice.through)
        isDone = slice.isLast
    }

    /// Takes no segment any more: what is not what was written must not be deleted.
    mutating func stop(because failure: StoreFailure) {
        damage = failure
        finish()
    }

    /// The victim was deleted.
    mutating func finish() {
        victim = nil
        isDone = false
    }
}
