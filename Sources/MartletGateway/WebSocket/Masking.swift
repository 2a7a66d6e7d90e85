/// The masking of RFC 6455 section 5.3.
enum Masking {
    /// Copies and unmasks eight bytes at a time.
    /// - Parameters:
    ///   - mask: the four bytes of the key, the first one in the highest bits.
    ///   - position: how many bytes of the frame came before, modulo 4.
    static func copy(
        _ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, _ mask: UInt32, _ position: Int
    ) {
        let turned = position == 0 ? mask : mask << UInt32(8 * position) | mask >> UInt32(32 - 8 * position)
        let half = UInt64(turned)
        let word = (half << 32 | half).bigEndian
        var offset = 0
        while offset + 8 <= source.count {
            let bytes = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            target.storeBytes(of: bytes ^ word, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < source.count {
            target[offset] = source[offset] ^ UInt8(truncatingIfNeeded: half >> UInt64(24 - 8 * (offset & 3)))
            offset += 1
        }
    }
}
