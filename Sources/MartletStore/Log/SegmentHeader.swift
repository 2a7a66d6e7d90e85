import NIOCore

/// The first bytes of a segment.
///
/// ```
/// "MARTLOG1", u32 format, u32 segment number, u64 lowest number that nobody had, u32 CRC-32C of all before it
/// ```
struct SegmentHeader {
    static let byteCount = 28
    static let format: UInt32 = 1
    private static let magic = Array("MARTLOG1".utf8)

    let number: UInt32
    let nextStoreNumber: UInt64

    static func fileName(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 10 - digits.count) + digits + ".log"
    }

    /// The number in a segment's file name; nil for other files.
    static func number(in fileName: String) -> UInt32? {
        guard fileName.hasSuffix(".log"), fileName.utf8.count == 14 else { return nil }
        return UInt32(fileName.dropLast(4))
    }

    func bytes(_ crc: CRC32C) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: Self.magic)
        bytes.writeMultipleIntegers(Self.format, number, nextStoreNumber, endianness: .little)
        bytes.writeInteger(bytes.withUnsafeReadableBytes { crc.checksum($0) }, endianness: .little)
        return bytes
    }

    init(number: UInt32, nextStoreNumber: UInt64) {
        self.number = number
        self.nextStoreNumber = nextStoreNumber
    }

    /// nil where there is no whole header: the file was made and never written to.
    init?(_ bytes: UnsafeRawBufferPointer, file: String, _ crc: CRC32C) throws(StoreFailure) {
        guard bytes.count >= Self.byteCount, bytes.prefix(8).elementsEqual(Self.magic) else { return nil }
        let format = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard format <= Self.format else {
            throw .newerFormat(file: file, found: Int(format), supported: Int(Self.format))
        }
        let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
        guard checksum == crc.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<24])) else { return nil }
        number = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        nextStoreNumber = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    }
}
