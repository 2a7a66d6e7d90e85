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

    init(limits: LogLimits, crc: CRC32C) {
        self.limits = limits
        self.crc = crc
    }

    /// Whether there is something to do.
    func isNeeded(_ index: LogIndex, current: UInt32?) -> Bool {
        victim != nil || candidate(index, current) != nil
    }

    private func candidate(_ index: LogIndex, _ current: UInt32?) -> UInt32? {
        guard index.totalBytes > 2 * index.liveBytes + limits.cleaningSlackBytes else { return nil }
        return index.oldestSegment.flatMap { $0 == current ? nil : $0 }
    }

    /// The next slice: live records with the places that they come from, and tombstones that nothing needs any more.
    mutating func slice(
        _ index: LogIndex, atLeast byteCount: Int, current: UInt32?
    ) throws(StoreFailure) -> (records: [(LogLocation, ByteBuffer)], tombstones: [UInt64]) {
        if victim == nil, let number = candidate(index, current), let segment = index.segments[number] {
            victim = (number, segment.file, SegmentHeader.byteCount)
        }
        guard let (number, file, start) = victim else { return ([], []) }
        var bytes = try Self.read(file, from: start, atLeast: max(byteCount, limits.cleaningSliceBytes))
        var offset = start
        var records: [(LogLocation, ByteBuffer)] = []
        var tombstones: [UInt64] = []
        while true {
            let location = LogLocation(segment: number, offset: offset)
            let length: Int? = bytes.withUnsafeReadableBytes { rest in
                guard let view = LogRecordView(rest, crc) else { return nil }
                if view.type == .remove, index.records[view.number]?.location == location { tombstones.append(view.number) }
                return view.bytes.count
            }
            guard let length, let record = bytes.readSlice(length: length) else { break }
            let isLive = record.withUnsafeReadableBytes { bytes in
                LogRecordView(unchecked: bytes).map { index.isLive($0, at: location) } ?? false
            }
            if isLive { records.append((location, alone(record))) }
            offset += length
        }
        if offset == start {
            // Behind the last record there are zeros. Anything else is damage, and the segment must not be deleted.
            guard bytes.getInteger(at: bytes.readerIndex, as: UInt32.self) ?? 0 == 0 else {
                throw .corrupt(file: file.name, offset: offset, because: "a record is not what was written")
            }
            isDone = true
        }
        victim?.offset = offset
        return (records, tombstones)
    }

    /// The record without the batch that it came in.
    private func alone(_ record: ByteBuffer) -> ByteBuffer {
        guard let type = record.getInteger(at: record.readerIndex + LogRecord.headerBytes, as: UInt8.self),
            type & LogRecord.isContinued != 0
        else { return record }
        var copy = ByteBuffer(bytes: record.readableBytesView)
        copy.setInteger(type & ~LogRecord.isContinued, at: LogRecord.headerBytes)
        let checksum = copy.withUnsafeReadableBytes { crc.checksum(UnsafeRawBufferPointer(rebasing: $0[LogRecord.headerBytes...])) }
        copy.setInteger(checksum, at: 4, endianness: .little)
        return copy
    }

    /// At least the whole next record, however large it is.
    private static func read(
        _ file: any LogFile, from offset: Int, atLeast byteCount: Int
    ) throws(StoreFailure) -> ByteBuffer {
        var length: UInt32 = 0
        _ = try withUnsafeMutableBytes(of: &length) { bytes throws(StoreFailure) in try file.read(into: bytes, at: offset) }
        let wanted = max(byteCount, Int(UInt32(littleEndian: length)) + LogRecord.headerBytes)
        let available = max(0, min(wanted, try file.byteCount() - offset))
        return try LogReader.read(file, at: offset, byteCount: available)
    }

    /// The victim was deleted.
    mutating func finish() {
        victim = nil
        isDone = false
    }
}
