import NIOCore

/// One record's bytes on their way into another log.
enum RawRecord {
    /// Writes the length that its bytes have.
    static func setLength(of bytes: inout [UInt8]) {
        let length = UInt32(bytes.count - LogRecord.headerBytes).littleEndian
        withUnsafeBytes(of: length) { bytes.replaceSubrange(0..<4, with: $0) }
    }

    /// The record as a batch of its own.
    static func alone(_ record: UnsafeRawBufferPointer, _ crc: CRC32C) -> [UInt8] {
        var bytes = [UInt8](record)
        setLength(of: &bytes)
        bytes[LogRecord.headerBytes] &= ~LogRecord.isContinued
        sign(&bytes, crc)
        return bytes
    }

    static func sign(_ bytes: inout [UInt8], _ crc: CRC32C) {
        let checksum = bytes.withUnsafeBytes { crc.checksum(UnsafeRawBufferPointer(rebasing: $0[LogRecord.headerBytes...])) }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(4..<8, with: $0) }
    }
}
