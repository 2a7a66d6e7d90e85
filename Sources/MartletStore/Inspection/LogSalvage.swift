import NIOCore

/// Writes what is live in a picture of a log into a new one: the same numbers, revisions and sequences.
package struct LogSalvage {
    /// Bytes that are written at a time.
    private static let chunkBytes = 1 << 20

    private let source: any LogDisk
    private let crc = CRC32C()
    private var writer: SegmentWriter
    private let nextStoreNumber: UInt64
    private var chunk = ByteBuffer()

    /// - Parameters:
    ///   - target: has no log yet.
    /// - Throws: what the disk that is written to refuses, and what can no longer be read as it was seen.
    package static func write(
        _ picture: LogPicture, from source: any LogDisk, to target: any LogDisk, limits: LogLimits = LogLimits()
    ) throws(StoreFailure) {
        var salvage = try LogSalvage(picture, source, target, limits)
        try salvage.write(picture)
    }

    private init(_ picture: LogPicture, _ source: any LogDisk, _ target: any LogDisk, _ limits: LogLimits) throws(StoreFailure) {
        self.source = source
        nextStoreNumber = picture.nextStoreNumber
        // Finds nothing, and makes the manifest.
        var recovery = LogRecovery(disk: target, crc: crc)
        try recovery.run()
        writer = SegmentWriter(disk: target, limits: limits, crc: crc, recovered: recovery)
    }

    private mutating func write(_ picture: LogPicture) throws(StoreFailure) {
        try openQueues(picture)
        // In the order of the log, which is the order in which it was written.
        let places = Dictionary(grouping: Self.live(picture)) { $0.location.segment }
        for (segment, records) in places.sorted(by: { $0.key < $1.key }) {
            let file = try source.open(SegmentHeader.fileName(segment))
            for (location, byteCount) in records.sorted(by: { $0.location < $1.location }) {
                try add(try read(file, location.offset, byteCount))
            }
        }
        try settleMissing(picture)
        try flush()
        try writer.sync()
        try writer.writeLastMark()
    }

    private static func live(_ picture: LogPicture) -> [(location: LogLocation, byteCount: Int)] {
        var live: [LogLocation: Int] = [:]
        for record in picture.records.values where record.kind != nil { live[record.location] = record.byteCount }
        for queue in picture.queues.values where queue.isLive {
            if let (location, bytes) = queue.cursorPlace { live[location] = bytes }
            for slot in queue.entries.values { live[slot.location] = Int(slot.recordBytes) }
        }
        return live.map { ($0.key, $0.value) }
    }

    /// All queues first, so that those whose opening was lost stand before their messages too.
    private mutating func openQueues(_ picture: LogPicture) throws(StoreFailure) {
        for queue in picture.queues.values.filter(\.isLive).sorted(by: { $0.number < $1.number }) {
            var batch = StoreBatch()
            batch.openQueue(StoreNumber(queue.number))
            try add(batch)
        }
    }

    /// Where the last sequences of a queue are gone, a cursor says that they were given, so that no other message gets
    /// one of them.
    private mutating func settleMissing(_ picture: LogPicture) throws(StoreFailure) {
        for lost in LogLosses(picture).messages {
            guard let queue = picture.queues[lost.queue], let last = lost.sequences.last?.upperBound,
                last > queue.entries.keys.max() ?? 0
            else { continue }
            var cursor = queue.cursor
            cursor.settledBeyond = Array(Set(cursor.settledBeyond).union([last])).sorted()
            var batch = StoreBatch()
            batch.moveCursor(of: StoreNumber(lost.queue), to: cursor)
            try add(batch)
        }
    }

    private mutating func add(_ batch: StoreBatch) throws(StoreFailure) {
        try add(batch.bytes.withUnsafeReadableBytes { RawRecord.alone($0, crc) })
    }

    private mutating func add(_ record: [UInt8]) throws(StoreFailure) {
        if chunk.readableBytes > 0, chunk.readableBytes + record.count > Self.chunkBytes { try flush() }
        chunk.writeBytes(record)
    }

    private mutating func flush() throws(StoreFailure) {
        guard chunk.readableBytes > 0 else { return }
        if writer.room < chunk.readableBytes {
            try writer.sync()
            _ = try writer.roll(for: chunk.readableBytes, nextStoreNumber: nextStoreNumber, oldestNumber: 1, totalBytes: 0)
        }
        try writer.append(chunk)
        chunk.clear()
    }

    /// The record as it was seen: its length may be what was lost of it, its checksum must hold.
    private func read(_ file: any LogFile, _ offset: Int, _ byteCount: Int) throws(StoreFailure) -> [UInt8] {
        var record = Array(buffer: try LogReader.read(file, at: offset, byteCount: byteCount))
        guard record.count == byteCount else {
            throw .corrupt(file: file.name, offset: offset, because: "a record is not there any more")
        }
        RawRecord.setLength(of: &record)
        guard record.withUnsafeBytes({ LogRecordView($0, crc) != nil }) else {
            throw .corrupt(file: file.name, offset: offset, because: "a record is not what it was a moment ago")
        }
        return record.withUnsafeBytes { RawRecord.alone($0, crc) }
    }
}
