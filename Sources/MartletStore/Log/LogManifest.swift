import NIOCore

/// The file that names the newest segment, so that one that is missing is missed. It has two places that are written in
/// turn: a write that is cut off spoils one of them, and no write needs room that a full disk does not have.
///
/// ```
/// "MARTMAN1", u32 format, u32 newest segment, u64 number of the write, u32 CRC-32C of all before it
/// ```
struct LogManifest {
    static let fileName = "MANIFEST"
    private static let format: UInt32 = 1
    private static let magic = Array("MARTMAN1".utf8)
    private static let placeBytes = 28
    /// Apart from each other, so that one torn page does not hold both.
    private static let placeDistance = 4096
    static let byteCount = 2 * placeDistance

    private let file: any LogFile
    private let crc: CRC32C
    /// 0: no segment was ever made.
    private(set) var newestSegment: UInt32
    private var writeNumber: UInt64

    /// nil where the directory has none.
    init?(openedFrom disk: any LogDisk, _ crc: CRC32C) throws(StoreFailure) {
        guard try disk.fileNames().contains(Self.fileName) else { return nil }
        file = try disk.open(Self.fileName)
        self.crc = crc
        let places = [
            try Self.read(file, at: 0, crc), try Self.read(file, at: Self.placeDistance, crc),
        ].compactMap { $0 }
        guard let latest = places.max(by: { $0.writeNumber < $1.writeNumber }) else {
            throw .corrupt(file: file.name, offset: 0, because: "it names no segment")
        }
        (newestSegment, writeNumber) = latest
    }

    /// Makes the file.
    init(on disk: any LogDisk, newestSegment: UInt32, _ crc: CRC32C) throws(StoreFailure) {
        file = try disk.create(Self.draftName, byteCount: Self.byteCount)
        self.crc = crc
        self.newestSegment = newestSegment
        writeNumber = 0
        try write(newestSegment)
        // It gets its name when it is whole.
        try disk.rename(Self.draftName, to: Self.fileName)
        try disk.syncDirectory()
    }

    /// What a start that was cut off may have left.
    static let draftName = "MANIFEST.new"

    mutating func setNewestSegment(_ number: UInt32) throws(StoreFailure) {
        try write(number)
        newestSegment = number
    }

    private mutating func write(_ number: UInt32) throws(StoreFailure) {
        // One that has failed is done again in the same place: the other is the only good one.
        let writeNumber = writeNumber + 1
        var bytes = ByteBuffer(bytes: Self.magic)
        bytes.writeMultipleIntegers(Self.format, number, writeNumber, endianness: .little)
        bytes.writeInteger(bytes.withUnsafeReadableBytes { crc.checksum($0) }, endianness: .little)
        let offset = writeNumber.isMultiple(of: 2) ? 0 : Self.placeDistance
        try bytes.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in try file.write(bytes, at: offset) }
        try file.sync()
        self.writeNumber = writeNumber
    }

    private static func read(
        _ file: any LogFile, at offset: Int, _ crc: CRC32C
    ) throws(StoreFailure) -> (newestSegment: UInt32, writeNumber: UInt64)? {
        var bytes = try LogReader.read(file, at: offset, byteCount: placeBytes)
        let checksum = bytes.getInteger(at: bytes.readerIndex + placeBytes - 4, endianness: .little, as: UInt32.self)
        let computed = bytes.withUnsafeReadableBytes { crc.checksum(UnsafeRawBufferPointer(rebasing: $0.prefix(placeBytes - 4))) }
        guard bytes.readBytes(length: magic.count) == magic,
            let (found, number, write) = bytes.readMultipleIntegers(endianness: .little, as: (UInt32, UInt32, UInt64).self)
        else { return nil }
        // Behind the checksum: a flipped bit does not make a format newer.
        guard checksum == computed else { return nil }
        guard found <= format else { throw .newerFormat(file: file.name, found: Int(found), supported: Int(format)) }
        return (number, write)
    }
}
