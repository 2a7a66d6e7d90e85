import NIOCore

/// The end of the log: the segment that is written to. It knows up to where that is durable, and keeps one more segment
/// ready, or two, so that a full disk leaves the log enough to work with: any segment can be copied out of the way.
struct SegmentWriter {
    private struct Current {
        let number: UInt32
        let file: any LogFile
        let byteCount: Int
        var offset: Int
        /// What stands before it has been synced.
        var durableOffset: Int
        /// Nothing has been written since the last sync.
        var isSynced = true
    }

    private let disk: any LogDisk
    private let limits: LogLimits
    private let crc: CRC32C
    private var nextNumber: UInt32
    private var manifest: LogManifest
    private var current: Current?
    /// What the next segment will say of the one before it.
    private var previous: (number: UInt32, end: Int)
    private var spares: [(name: String, file: any LogFile)] = []
    private var hasLookedForSpares = false
    /// A segment that was being begun when something failed; the next attempt goes on with it.
    private var halfMade: (number: UInt32, file: any LogFile)?
    /// Segments without a durable record that nothing names any more once the next has begun.
    private var doomed: [UInt32] = []
    private var groupNumber: UInt64 = 0
    private(set) var syncCount = 0
    /// Bytes that were handed to the disk.
    private(set) var byteCount = 0

    init(disk: any LogDisk, limits: LogLimits, crc: CRC32C, recovered: LogRecovery) {
        self.disk = disk
        self.limits = limits
        self.crc = crc
        nextNumber = recovered.nextSegment
        manifest = recovered.manifest!
        previous = recovered.previous
        guard let newest = recovered.newest else { return }
        // On a full disk what is left of it is all the room there is.
        current = Current(
            number: newest.number, file: newest.file, byteCount: newest.byteCount, offset: newest.end,
            durableOffset: newest.end)
    }

    /// The segment that is written to; it is never cleaned.
    var currentNumber: UInt32? { current?.number }

    /// The segment that is written to, and where its durable records end.
    var currentEnd: (number: UInt32, offset: Int)? { current.map { ($0.number, $0.durableOffset) } }

    /// The segment that holds the last durable record.
    var lastNumber: UInt32 { current?.number ?? previous.number }

    /// Bytes that still fit, beside what the log itself adds.
    var room: Int {
        current.map { $0.byteCount - $0.offset - LogRecord.headerBytes - LogRecord.markBytes } ?? 0
    }

    // MARK: Writing

    /// Where the next bytes will stand. There is room for them: the caller has looked at `room`.
    var nextLocation: LogLocation {
        LogLocation(segment: current!.number, offset: current!.offset + (current!.isSynced ? LogRecord.markBytes : 0))
    }

    /// Writes at `nextLocation`, behind a mark if it is the first of its group.
    mutating func append(_ bytes: ByteBuffer) throws(StoreFailure) {
        if current!.isSynced {
            groupNumber += 1
            let number = groupNumber
            try writeHere(LogRecord.sealed(.mark, crc) { $0.writeInteger(number, endianness: .little) })
        }
        try writeHere(bytes)
    }

    /// Says that what stands before it was synced. For the end: damage there is then known for what it is.
    mutating func writeLastMark() throws(StoreFailure) {
        guard let current, current.isSynced, room > 0 else { return }
        try append(ByteBuffer())
        try sync()
    }

    private mutating func writeHere(_ bytes: ByteBuffer) throws(StoreFailure) {
        guard let (file, offset) = current.map({ ($0.file, $0.offset) }), bytes.readableBytes > 0 else { return }
        current!.isSynced = false
        try bytes.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in try file.write(bytes, at: offset) }
        current!.offset += bytes.readableBytes
        byteCount += bytes.readableBytes
    }

    /// Returns when all that was written is durable.
    mutating func sync() throws(StoreFailure) {
        guard let file = current?.file, current?.isSynced == false else { return }
        syncCount += 1
        try file.sync()
        current!.isSynced = true
        current!.durableOffset = current!.offset
    }

    // MARK: Segments

    /// Begins a segment that has room for so many bytes. What was written before is durable: the caller has synced.
    /// - Returns: its number, file and size.
    mutating func roll(
        for byteCount: Int, nextStoreNumber: UInt64, oldestNumber: UInt32?, totalBytes: Int
    ) throws(StoreFailure) -> (UInt32, any LogFile, Int) {
        if let current {
            previous = (current.number, current.durableOffset)
            self.current = nil
        }
        let size = SegmentHeader.byteCount + byteCount + LogRecord.headerBytes + LogRecord.markBytes
        if let halfMade, try halfMade.file.byteCount() < size { giveUpHalfMade() }
        let (number, file) = if let halfMade { halfMade } else { try make(byteCount: size, totalBytes: totalBytes) }
        halfMade = (number, file)
        try begin(number, file, nextStoreNumber: nextStoreNumber, oldestNumber: oldestNumber ?? number)
        halfMade = nil
        for number in doomed { try? disk.remove(SegmentHeader.fileName(number)) }
        doomed = []
        let madeBytes = try file.byteCount()
        current = Current(
            number: number, file: file, byteCount: madeBytes, offset: SegmentHeader.byteCount,
            durableOffset: SegmentHeader.byteCount)
        return (number, file, madeBytes)
    }

    private mutating func giveUpHalfMade() {
        if let number = halfMade?.number { doomed.append(number) }
        halfMade = nil
    }

    /// The spare segment, or a new one where there is none or it is too small.
    private mutating func make(byteCount: Int, totalBytes: Int) throws(StoreFailure) -> (UInt32, any LogFile) {
        let number = nextNumber
        let name = SegmentHeader.fileName(number)
        try adoptSpares()
        guard byteCount <= limits.segmentBytes, let spare = spares.last else {
            let byteCount = max(limits.segmentBytes, byteCount)
            try checkRoom(totalBytes + byteCount)
            let file = try disk.create(name, byteCount: byteCount)
            nextNumber += 1
            return (number, file)
        }
        try disk.rename(spare.name, to: name)
        spares.removeLast()
        nextNumber += 1
        return (number, spare.file)
    }

    /// The segment has a name and a header, and the manifest knows it, before anything in it counts.
    private mutating func begin(
        _ number: UInt32, _ file: any LogFile, nextStoreNumber: UInt64, oldestNumber: UInt32
    ) throws(StoreFailure) {
        let header = SegmentHeader(
            number: number, nextStoreNumber: nextStoreNumber,
            chain: .init(
                previousNumber: previous.number, previousEnd: previous.end, oldestNumber: oldestNumber,
                fileBytes: try file.byteCount()))
        try header.bytes(crc).withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in try file.write(bytes, at: 0) }
        syncCount += 1
        try file.sync()
        try disk.syncDirectory()
        try manifest.setNewestSegment(number)
    }

    /// Nothing more is written to the segment: a write or a sync there has failed, and what of it reached the disk since the
    /// last sync is unknown. Its successor will say that it ends where it was last synced.
    /// - Returns: a segment that has no durable record: nothing will name it.
    mutating func abandon() -> UInt32? {
        guard let failed = current else { return nil }
        current = nil
        guard failed.durableOffset == SegmentHeader.byteCount else {
            previous = (failed.number, failed.durableOffset)
            return nil
        }
        doomed.append(failed.number)
        return failed.number
    }

    // MARK: Spares

    /// The log is full when it has not all of them.
    private static let spareNames = ["spare-1", "spare-2"]

    /// Makes the segments that will be needed next, so that their room is there.
    /// - Parameter totalBytes: of all segments that have a number.
    mutating func prepareSpares(totalBytes: Int) throws(StoreFailure) {
        try adoptSpares()
        for name in Self.spareNames where !spares.contains(where: { $0.name == name }) {
            try checkRoom(totalBytes + (spares.count + 1) * limits.segmentBytes)
            spares.append((name, try disk.create(name, byteCount: limits.segmentBytes)))
        }
    }

    /// Those that an earlier process has left.
    private mutating func adoptSpares() throws(StoreFailure) {
        guard !hasLookedForSpares else { return }
        for name in try disk.fileNames() where Self.spareNames.contains(name) {
            let file = try disk.open(name)
            if try file.byteCount() == limits.segmentBytes {
                spares.append((name, file))
            } else {
                try disk.remove(name)
            }
        }
        hasLookedForSpares = true
    }

    private func checkRoom(_ byteCount: Int) throws(StoreFailure) {
        guard let maximum = limits.maxBytes, byteCount + LogManifest.byteCount > maximum else { return }
        throw .full(limit: "store.maxBytes", maximum: maximum)
    }
}

extension ByteBuffer {
    /// `withUnsafeReadableBytes` that keeps the type of what is thrown.
    func withUnsafeReadableBytesTyped<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var result: Swift.Result<Result, Failure>?
        withUnsafeReadableBytes { bytes in
            do throws(Failure) { result = .success(try body(bytes)) } catch { result = .failure(error) }
        }
        return try result!.get()
    }
}
