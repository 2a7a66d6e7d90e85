/// One record where it lies. Offsets count from its length field.
struct LogRecordView {
    let bytes: UnsafeRawBufferPointer
    let type: LogRecord.RecordType
    /// The next record belongs to the same batch.
    let isContinued: Bool

    /// The record that begins here; nil where none is whole, or its checksum is another.
    init?(_ bytes: UnsafeRawBufferPointer, _ crc: CRC32C) {
        guard let length = Self.length(bytes) else { return nil }
        let record = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        let checksum = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        guard checksum == crc.checksum(UnsafeRawBufferPointer(rebasing: record[LogRecord.headerBytes...])) else { return nil }
        self.init(unchecked: record)
    }

    /// A record that this process has made.
    init?(unchecked bytes: UnsafeRawBufferPointer) {
        guard let length = Self.length(bytes) else { return nil }
        let typeByte = bytes[LogRecord.headerBytes]
        guard let type = LogRecord.RecordType(rawValue: typeByte & ~LogRecord.isContinued) else { return nil }
        isContinued = typeByte & LogRecord.isContinued != 0
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        self.type = type
        guard isWhole else { return nil }
    }

    /// Of the whole record, with length and checksum.
    private static func length(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count > LogRecord.headerBytes else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard length > 0, length <= bytes.count - LogRecord.headerBytes else { return nil }
        return length + LogRecord.headerBytes
    }

    /// Whether the fixed parts of its type are there.
    private var isWhole: Bool {
        let content = bytes.count - contentOffset
        return switch type {
        case .put: content >= 17
        case .remove: content >= 16
        case .message: content >= 4 && content >= 4 + Int(targetCount) * LogRecord.targetBytes
        case .openQueue, .endQueue, .mark, .cleaned: content >= 8
        case .cursor: content >= 28 && content >= 28 + Int(u32(contentOffset + 24)) * 8
        case .void: true
        }
    }

    private let contentOffset = LogRecord.headerBytes + 1

    private func u32(_ offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private func u64(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    // MARK: put, remove

    var kind: RecordKind? { RecordKind(rawValue: bytes[contentOffset]) }
    var number: UInt64 { u64(type == .put ? contentOffset + 1 : contentOffset) }
    var revision: UInt64 { u64(type == .put ? contentOffset + 9 : contentOffset + 8) }
    static let putBodyOffset = LogRecord.headerBytes + 1 + 17

    // MARK: queues

    var queue: UInt64 { u64(contentOffset) }

    var cursor: QueueCursor {
        let count = Int(u32(contentOffset + 24))
        return QueueCursor(
            settledThrough: u64(contentOffset + 8), sentThrough: u64(contentOffset + 16),
            settledBeyond: (0..<count).map { u64(contentOffset + 28 + $0 * 8) })
    }

    // MARK: cleaned

    var cleanedSegment: UInt32 { u32(contentOffset) }
    /// `LogRecord.wholeSegment`: all of it.
    var cleanedThrough: UInt32 { u32(contentOffset + 4) }

    // MARK: messages

    var targetCount: UInt32 { u32(contentOffset) }
    func targetOffset(_ index: Int) -> Int { contentOffset + 4 + index * LogRecord.targetBytes }
    func targetQueue(_ index: Int) -> UInt64 { u64(targetOffset(index)) }
    /// 0 for a queue that did not take the message.
    func targetSequence(_ index: Int) -> UInt64 { u64(targetOffset(index) + 8) }
    func targetSubscriptionID(_ index: Int) -> UInt32 { u32(targetOffset(index) + 16) }
    func targetFlags(_ index: Int) -> UInt8 { bytes[targetOffset(index) + 20] }
    var messageBodyOffset: Int { targetOffset(Int(targetCount)) }
    var messageBodyBytes: Int { bytes.count - messageBodyOffset }
}
