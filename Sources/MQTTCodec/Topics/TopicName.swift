/// Topic names (MQTT 5.0 section 4.7).
public enum TopicName {
    /// What the two length bytes of a topic can say [MQTT-1.5.4].
    public static let longestBytes = 65_535

    /// Checks a complete topic name: at least one character [MQTT-4.7.3-1], no longer than the limit [MQTT-4.7.3-3],
    /// UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-4.7.3-2], no wildcard [MQTT-3.3.2-2] [MQTT-4.7.0-1].
    @inlinable public static func validate(
        _ bytes: UnsafeRawBufferPointer, maximumBytes: Int = 65_535
    ) throws(MalformedPacket) {
        guard bytes.count > 0 else { throw MalformedPacket(.topicNameEmpty, at: 0) }
        guard bytes.count <= maximumBytes else { throw MalformedPacket(.topicNameTooLong, at: maximumBytes) }
        if !isPlain(bytes) { try validateCharacters(bytes) }
    }

    /// Whether the bytes are ASCII without U+0000, `+` and `#`, eight at a time. True needs no further check.
    @inlinable public static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        guard count >= 8 else { return isPlainShort(bytes) }
        var seen: UInt64 = 0
        var index = 0
        while index <= count - 8 {
            seen |= marks(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        // The last word overlaps the one before it, so that no byte is looked at alone.
        seen |= marks(bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        return seen & 0x8080_8080_8080_8080 == 0
    }

    @inlinable static func isPlainShort(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte == 0 || byte >= 0x80 || byte == 0x2B || byte == 0x23 { return false }
        return true
    }

    /// Has a high bit set if a byte of the word is not ASCII, zero, `+` or `#`. Among ASCII bytes subtracting one
    /// makes a high bit only from zero, so nothing else is marked.
    @inlinable static func marks(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let plus = word ^ 0x2B2B_2B2B_2B2B_2B2B
        let hash = word ^ 0x2323_2323_2323_2323
        return word | (word &- ones) | (plus &- ones) | (hash &- ones)
    }

    /// The full check of the characters, for names that are not plain.
    public static func validateCharacters(_ bytes: UnsafeRawBufferPointer) throws(MalformedPacket) {
        if let (fault, place) = UTF8Validation.fault(in: bytes) { throw MalformedPacket(fault, at: place) }
        for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") {
            throw MalformedPacket(.topicNameWildcard, at: place, value: byte)
        }
    }
}
