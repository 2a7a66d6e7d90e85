import MartletBase
import NIOCore

/// Reads the manifest of a log for a check: both of its places, not only the newer one.
enum ManifestLook {
    private static let placeBytes = 28
    private static let places = [0, 4096]

    /// - Returns: the newest segment that it names, and what is wrong with it.
    static func look(_ disk: any LogDisk, _ crc: CRC32C, hasChain: Bool) -> (newest: UInt32?, [LogFinding]) {
        let name = LogManifest.fileName
        guard (try? disk.fileNames().contains(name)) ?? false, let file = try? disk.open(name) else {
            return (nil, hasChain ? [LogFinding(.manifest, name, nil, "it is missing")] : [])
        }
        do throws(StoreFailure) {
            let newest = try LogManifest(openedFrom: disk, crc)?.newestSegment
            let spoiled = places.filter { isSpoiled(file, $0, crc) }
            return (
                newest,
                spoiled.map { LogFinding(.manifest, file.name, $0, isHarmless: true, "one of its two places is not what was written; the other one counts") }
            )
        } catch {
            return (nil, [LogFinding(.manifest, file.name, 0, error.description)])
        }
    }

    private static func isSpoiled(_ file: any LogFile, _ offset: Int, _ crc: CRC32C) -> Bool {
        guard let bytes = try? LogReader.read(file, at: offset, byteCount: placeBytes), bytes.readableBytes == placeBytes else {
            return true
        }
        return bytes.withUnsafeReadableBytes { bytes in
            if bytes.allSatisfy({ $0 == 0 }) { return false }
            let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: placeBytes - 4, as: UInt32.self))
            return crc.checksum(UnsafeRawBufferPointer(rebasing: bytes.prefix(placeBytes - 4))) != stored
        }
    }
}
