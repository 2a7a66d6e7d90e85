import NIOCore

/// The first bytes of a segment.
///
/// ```
/// "MARTLOG1", u32 format, u32 segment number, u64 lowest number that nobody had,
/// u32 number of the segment before it (0: none), u32 where that one's records end, u32 oldest segment that was needed,
/// u32 bytes of the file, u32 CRC-32C of all before it
/// ```
///
/// A segment says where the one before it ends, so that what a failed write or sync has left behind that place is
/// nothing, whatever it looks like. Format 1 has none of the three numbers of other segments.
struct SegmentHeader: Hashable {
    static let byteCount = 44
    static let format: UInt32 = 2
    private static let magic = Array("MARTLOG1".utf8)
    private static let byteCountOfFormat1 = 28

    let number: UInt32
    let nextStoreNumber: UInt64
    /// nil: the segment is of format 1.
    let chain: Chain?

    /// What a segment knows of the others.
    struct Chain: Hashable {
        /// 0: there was none.
        let previousNumber: UInt32
        let previousEnd: Int
        /// The oldest segment of which something was still needed; older ones may be missing.
        let oldestNumber: UInt32
        /// The file has had this size from its beginning: a shorter one was cut.
        let fileBytes: Int
    }

    static func fileName(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 10 - digits.count) + digits + ".log"
    }

    /// The number in a segment's file name; nil for other files.
    static func number(in fileName: String) -> UInt32? {
        guard fileName.hasSuffix(".log"), fileName.utf8.count == 14 else { return nil }
        return UInt32(fileName.dropLast(4))
    }

    /// Where the records begin.
    var recordsOffset: Int { chain == nil ? Self.byteCountOfFormat1 : Self.byteCount }

    func bytes(_ crc: CRC32C) -> ByteBuffer {
        let chain = chain ?? Chain(previousNumber: 0, previousEnd: 0, oldestNumber: number, fileBytes: 0)
        var bytes = ByteBuffer(bytes: Self.magic)
        bytes.writeMultipleIntegers(Self.format, number, nextStoreNumber, endianness: .little)
        bytes.writeMultipleIntegers(
            chain.previousNumber, UInt32(chain.previousEnd), chain.oldestNumber, UInt32(clamping: chain.fileBytes),
            endianness: .little)
        bytes.writeInteger(bytes.withUnsafeReadableBytes { crc.checksum($0) }, endianness: .little)
        return bytes
    }

    init(number: UInt32, nextStoreNumber: UInt64, chain: Chain) {
        self.number = number
        self.nextStoreNumber = nextStoreNumber
        self.chain = chain
    }

    /// nil where there is no whole header: the file was made and never written to.
    init?(_ bytes: UnsafeRawBufferPointer, file: String, _ crc: CRC32C) throws(StoreFailure) {
        guard bytes.count >= Self.byteCountOfFormat1, bytes.prefix(8).elementsEqual(Self.magic) else { return nil }
        func u32(_ offset: Int) -> UInt32 { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
        let format = u32(8)
        guard format <= Self.format else {
            throw .newerFormat(file: file, found: Int(format), supported: Int(Self.format))
        }
        let count = format == 1 ? Self.byteCountOfFormat1 : Self.byteCount
        guard format > 0, bytes.count >= count,
            u32(count - 4) == crc.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<(count - 4)]))
        else { return nil }
        number = u32(12)
        nextStoreNumber = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        chain =
            format == 1
            ? nil
            : Chain(
                previousNumber: u32(24), previousEnd: Int(u32(28)), oldestNumber: u32(32), fileBytes: Int(u32(36)))
    }
}
