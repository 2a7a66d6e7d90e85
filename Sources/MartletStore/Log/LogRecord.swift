import NIOCore

/// The form of one record in the log. All integers are little-endian.
///
/// ```
/// u32 length     bytes from `type` to the end of the record
/// u32 checksum   CRC-32C of the same bytes
/// u8  type
/// put        u8 kind, u64 number, u64 revision, body
/// remove     u64 number, u64 revision
/// message    u32 count, count x (u64 queue, u64 sequence, u32 subscriptionID, u8 flags), body
/// openQueue  u64 queue
/// endQueue   u64 queue
/// cursor     u64 queue, u64 settledThrough, u64 sentThrough, u32 count, count x u64 sequence
/// mark       u64 number of the group that begins here
/// cleaned    u32 segment, u32 offset
/// ```
///
/// A `mark` is the first record behind each sync, so bad bytes in front of one are damage and not a torn end. `cleaned` ends
/// the batch of copies that the cleaner has made: of that segment, what stands before that offset is nothing any more.
///
/// Loops write records with sequences and checksums of 0; the log fills both in. A length of 0 is the end of a segment.
///
/// The records of one batch stand together, and all but the last say in the type's highest bit that more follows. A batch
/// counts as a whole or, when a crash has torn it, not at all.
enum LogRecord {
    /// In the byte of the type: the batch goes on with the next record.
    static let isContinued: UInt8 = 0x80

    enum RecordType: UInt8 {
        case put = 1
        case remove = 2
        case message = 3
        case openQueue = 4
        case endQueue = 5
        case cursor = 6
        /// Superseded before it was written: skipped by every reader.
        case void = 7
        case mark = 8
        case cleaned = 9
    }

    /// Length and checksum.
    static let headerBytes = 8
    static let targetBytes = 21

    /// Of a whole `mark`.
    static let markBytes = headerBytes + 1 + 8
    /// The offset of `cleaned` that says that the whole segment was copied.
    static let wholeSegment = UInt32.max

    static func write(_ type: RecordType, into bytes: inout ByteBuffer, _ content: (inout ByteBuffer) -> Void) {
        let start = bytes.writerIndex
        bytes.writeMultipleIntegers(0 as UInt32, 0 as UInt32, type.rawValue, endianness: .little)
        content(&bytes)
        let length = bytes.writerIndex - start - headerBytes
        bytes.setInteger(UInt32(length), at: start, endianness: .little)
    }

    /// A record that the log writes itself, with its checksum.
    static func sealed(_ type: RecordType, _ crc: CRC32C, _ content: (inout ByteBuffer) -> Void) -> ByteBuffer {
        var bytes = ByteBuffer()
        write(type, into: &bytes, content)
        seal(&bytes, crc)
        return bytes
    }

    /// Gives the one record in the buffer its checksum.
    static func seal(_ bytes: inout ByteBuffer, _ crc: CRC32C) {
        let checksum = bytes.withUnsafeReadableBytes { crc.checksum(UnsafeRawBufferPointer(rebasing: $0[headerBytes...])) }
        bytes.setInteger(checksum, at: bytes.readerIndex + 4, endianness: .little)
    }
}
