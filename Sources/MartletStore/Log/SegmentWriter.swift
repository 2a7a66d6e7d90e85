import NIOCore

/// The end of the log: the segment that is written to, and those that have to be synced before the group is durable.
struct SegmentWriter {
    private let disk: any LogDisk
    private let limits: LogLimits
    private let crc: CRC32C
    private var nextNumber: UInt32
    private var current: (number: UInt32, file: any LogFile, byteCount: Int)?
    private var offset = 0
    private var unsynced: [any LogFile] = []
    private var isDirectoryUnsynced = false
    private(set) var syncCount = 0

    init(disk: any LogDisk, limits: LogLimits, crc: CRC32C, nextNumber: UInt32) {
        self.disk = disk
        self.limits = limits
        self.crc = crc
        self.nextNumber = nextNumber
    }

    /// The segment that is written to; it is never cleaned.
    var currentNumber: UInt32? { current?.number }

    /// Where so many bytes will stand. They are written with one `write`.
    /// - Parameter made: told of a segment that was made for them.
    mutating func place(
        _ byteCount: Int, nextStoreNumber: UInt64, made: (UInt32, any LogFile, Int) -> Void
    ) throws(StoreFailure) -> LogLocation {
        // The zeros behind the last record say that it is the last.
        if current == nil || offset + byteCount + LogRecord.headerBytes > current!.byteCount {
            try roll(byteCount, nextStoreNumber, made)
        }
        return LogLocation(segment: current!.number, offset: offset)
    }

    private mutating func roll(
        _ byteCount: Int, _ nextStoreNumber: UInt64, _ made: (UInt32, any LogFile, Int) -> Void
    ) throws(StoreFailure) {
        // Whole before there is a newer one: only the newest segment may end torn.
        try sync()
        let size = max(limits.segmentBytes, SegmentHeader.byteCount + byteCount + LogRecord.headerBytes)
        let number = nextNumber
        let file = try disk.create(SegmentHeader.fileName(number), byteCount: size)
        nextNumber += 1
        let header = SegmentHeader(number: number, nextStoreNumber: nextStoreNumber).bytes(crc)
        current = (number, file, size)
        isDirectoryUnsynced = true
        offset = SegmentHeader.byteCount
        try write(header, at: 0)
        // It has a name and a header before anything in it counts.
        try sync()
        made(number, file, size)
    }

    /// Writes what `place` has found a place for.
    mutating func append(_ bytes: ByteBuffer) throws(StoreFailure) {
        try write(bytes, at: offset)
        offset += bytes.readableBytes
    }

    private mutating func write(_ bytes: ByteBuffer, at offset: Int) throws(StoreFailure) {
        guard let file = current?.file else { return }
        if unsynced.last !== file { unsynced.append(file) }
        try bytes.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in try file.write(bytes, at: offset) }
    }

    /// Returns when all that was written is durable.
    mutating func sync() throws(StoreFailure) {
        syncCount += unsynced.count
        for file in unsynced { try file.sync() }
        unsynced.removeAll(keepingCapacity: true)
        if isDirectoryUnsynced {
            try disk.syncDirectory()
            isDirectoryUnsynced = false
        }
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
