/// Checks of UTF-8 Encoded Strings (MQTT 5.0 section 1.5.4).
public enum UTF8Validation {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The first fault of the bytes as an MQTT string: ill-formed UTF-8, surrogates included [MQTT-1.5.3-1]
    /// [MQTT-1.5.4-1], or U+0000 [MQTT-1.5.3-2] [MQTT-1.5.4-2]. U+FEFF is data [MQTT-1.5.4-3].
    public static func fault(in bytes: UnsafeRawBufferPointer) -> (fault: MalformedPacket.Fault, place: Int)? {
        var index = 0
        while index < bytes.count {
            index = endOfPlainWords(bytes, from: index)
            guard index < bytes.count else { return nil }
            let byte = bytes[index]
            if byte == 0 { return (.nullCharacter, index) }
            let length = byte < 0x80 ? 1 : sequenceLength(bytes, at: index)
            guard length > 0 else { return (.illFormedUTF8, index) }
            index += length
        }
        return nil
    }

    /// Skips words of eight ASCII bytes without U+0000. A word that is all ASCII has a high bit after subtracting one
    /// from each byte only if one of the bytes was zero.
    private static func endOfPlainWords(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while bytes.count - index >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard (word | (word &- ones)) & highBits == 0 else { return index }
            index += 8
        }
        return index
    }

    /// Length of the well-formed sequence of two to four bytes at `index`, or 0 (Unicode, table 3-7).
    private static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let (length, second): (Int, ClosedRange<UInt8>)
        switch bytes[index] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard bytes.count - index >= length, second ~= bytes[index + 1] else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
