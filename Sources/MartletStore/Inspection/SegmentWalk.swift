/// Goes through the bytes of one segment from front to back and does not stop at damage: it finds the next record that
/// is whole. Says of every stretch what it is.
///
/// A damaged record is told apart from what follows in this order. Its checksum may hold for another length than the one
/// it gives: then only the length was hit, and the record is whole. Its length may lead to a whole record: then the
/// length is right. Else the next place with a right checksum is taken.
struct SegmentWalk {
    enum Kind {
        case record
        /// Whole by its checksum; its length field is not what was written.
        case lengthLost
        case damage
    }

    struct Piece {
        let kind: Kind
        let offset: Int
        let byteCount: Int
        var end: Int { offset + byteCount }
    }

    /// So many bytes of one segment are looked at to find out what is whole; where there is more damage than that
    /// reaches, the rest is damage.
    static let examinedBytesMax = 1 << 30
    /// So many damaged records in a row are told apart by their lengths.
    private static let hopsMax = 64
    /// What a torn end was made to look like an end with, and no more, is no lost page.
    private static let cutBytesMax = 16

    /// So many zeros at its end may belong to the last record when its length is looked for. Among millions of them the
    /// checksum would hold somewhere by chance.
    private static let closingZerosMax = 256

    private let bytes: UnsafeRawBufferPointer
    private let crc: CRC32C
    /// The last byte that is not 0 stands before it. Where the segment's end is known it is that end.
    private let contentEnd: Int
    private let isEndKnown: Bool
    private let cutsAreEnds: Bool
    private var examinedBytes = 0
    private(set) var pieces: [Piece] = []
    /// Where the last piece ends.
    private(set) var end: Int
    /// Bytes that are not 0 stand behind the end: what a crash has left there.
    private(set) var hasRemains = false

    /// - Parameters:
    ///   - start: where the first record stands.
    ///   - knownEnd: where the records end, by the word of a later segment.
    ///   - cutsAreEnds: eight zeros end the segment whatever stands behind them. So format 1 cuts torn ends.
    init(
        _ bytes: UnsafeRawBufferPointer, _ crc: CRC32C, from start: Int, knownEnd: Int? = nil, cutsAreEnds: Bool = false
    ) {
        let known = knownEnd.map { min($0, bytes.count) }
        self.bytes = known.map { UnsafeRawBufferPointer(rebasing: bytes[..<$0]) } ?? bytes
        self.crc = crc
        self.cutsAreEnds = cutsAreEnds
        isEndKnown = known != nil
        contentEnd = known ?? Self.contentEnd(bytes)
        end = min(start, self.bytes.count)
        run()
    }

    /// Behind the last byte that is not 0.
    private static func contentEnd(_ bytes: UnsafeRawBufferPointer) -> Int {
        var end = bytes.count
        while end >= 8, bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 { end -= 8 }
        while end > 0, bytes[end - 1] == 0 { end -= 1 }
        return end
    }

    private mutating func run() {
        while end < contentEnd {
            if let count = wholeRecord(at: end) {
                add(.record, count)
                continue
            }
            if isCut(end) {
                hasRemains = true
                return
            }
            passDamage()
        }
    }

    private mutating func add(_ kind: Kind, _ byteCount: Int) {
        pieces.append(Piece(kind: kind, offset: end, byteCount: byteCount))
        end += byteCount
    }

    private func isCut(_ offset: Int) -> Bool {
        guard cutsAreEnds, !isEndKnown else { return false }
        let zeros = bytes[offset...].prefix(Self.cutBytesMax + 1).prefix { $0 == 0 }.count
        return zeros >= LogRecord.headerBytes && zeros <= Self.cutBytesMax
    }

    private mutating func passDamage() {
        if let count = lengthByChecksum(at: end) { return add(.lengthLost, count) }
        if let counts = hops(from: end) {
            for count in counts { add(.damage, count) }
            return
        }
        let next = nextWhole(after: end)
        add(.damage, (next ?? max(contentEnd, end + 1)) - end)
    }

    private func rest(_ offset: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[offset...]) }

    private func wholeRecord(at offset: Int) -> Int? {
        guard offset < bytes.count else { return nil }
        return LogRecordView(rest(offset), crc)?.bytes.count
    }

    /// A whole record stands here, or the records are over.
    private func goesOn(at offset: Int) -> Bool {
        if offset >= contentEnd { return !isEndKnown || offset == contentEnd }
        return wholeRecord(at: offset) != nil
    }

    /// The record's bytes when its checksum holds for a length that leads to where it goes on.
    private mutating func lengthByChecksum(at offset: Int) -> Int? {
        let start = offset + LogRecord.headerBytes
        guard start < bytes.count, examinedBytes < Self.examinedBytesMax else { return nil }
        let wanted = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        var checksum = RunningChecksum()
        var place = start
        while place < min(bytes.count, contentEnd + Self.closingZerosMax) {
            checksum.add(bytes[place])
            place += 1
            if checksum.value == wanted, goesOn(at: place) { return place - offset }
        }
        examinedBytes += place - start
        return nil
    }

    /// The sizes of damaged records whose lengths lead to a whole one.
    private func hops(from offset: Int) -> [Int]? {
        var counts: [Int] = []
        var place = offset
        while counts.count < Self.hopsMax, place + LogRecord.headerBytes < contentEnd {
            let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
            guard length > 0, length <= bytes.count - place - LogRecord.headerBytes else { return nil }
            counts.append(length + LogRecord.headerBytes)
            place += length + LogRecord.headerBytes
            if wholeRecord(at: place) != nil || place == contentEnd { return counts }
        }
        return nil
    }

    private mutating func nextWhole(after offset: Int) -> Int? {
        var place = offset + 1
        while place + LogRecord.headerBytes < contentEnd, examinedBytes < Self.examinedBytesMax {
            if let view = LogRecordView(unchecked: rest(place)) {
                examinedBytes += view.bytes.count
                if wholeRecord(at: place) != nil { return place }
            }
            place += 1
        }
        return nil
    }
}
