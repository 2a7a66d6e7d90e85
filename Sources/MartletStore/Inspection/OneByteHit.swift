/// Finds the one byte of a damaged record whose change explains its checksum. So what a record says of itself is known
/// for certain where a bit has flipped. It is not taken for what was written: a message is delivered whole or not at all.
///
/// A change of one byte with so many bytes behind it changes a CRC in one way only; stepping the difference of the two
/// checksums back, a byte at a time, meets that change's entry in the table.
enum OneByteHit {
    /// In longer records a change of many bytes could pass for a change of one.
    static let recordBytesMax = 64 << 10

    private static let table = RunningChecksum.table
    /// The entry whose highest byte is the index: the last step of a checksum can be taken back.
    private static let byHighestByte: [UInt8] = {
        var indices = [UInt8](repeating: 0, count: 256)
        for (index, entry) in table.enumerated() { indices[Int(entry >> 24)] = UInt8(index) }
        return indices
    }()

    /// The record with that byte as it must have been; nil when no change of one byte explains it, or several do.
    static func undone(_ record: UnsafeRawBufferPointer, _ crc: CRC32C) -> [UInt8]? {
        guard record.count > LogRecord.headerBytes, record.count <= recordBytesMax else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: record[LogRecord.headerBytes...])
        let stored = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let difference = crc.checksum(content) ^ stored
        // Of the checksum itself: then the content is whole.
        var bytes = (0..<4).count { difference >> (8 * UInt32($0)) & 0xFF != 0 } == 1 ? [UInt8](record) : nil
        var step = difference
        for place in stride(from: record.count - 1, through: LogRecord.headerBytes, by: -1) {
            let index = byHighestByte[Int(step >> 24)]
            let entry = table[Int(index)]
            if step == entry {
                guard bytes == nil else { return nil }
                bytes = [UInt8](record)
                bytes?[place] ^= index
            }
            step = (step ^ entry) << 8 | UInt32(index)
        }
        return bytes
    }
}
