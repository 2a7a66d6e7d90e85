/// The Variable Byte Integer of Remaining Length, Property Length and Subscription Identifier (MQTT 5.0 section 1.5.5).
public enum VariableByteInteger {
    /// The greatest value that four bytes hold.
    @inlinable public static var maximum: Int { 268_435_455 }

    /// The number of bytes of the shortest form [MQTT-1.5.5-1].
    @inlinable public static func length(of value: Int) -> Int {
        value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
    }

    /// Writes the shortest form and returns its length. The value is at most `maximum`, and the memory has room.
    @inlinable public static func write(_ value: Int, to target: UnsafeMutableRawPointer) -> Int {
        var rest = value
        var count = 0
        while rest >= 128 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            rest >>= 7
            count += 1
        }
        target.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
        return count + 1
    }

    /// Reads the value at `start`. Nil when the bytes end first; `length` 0 when four bytes do not end it.
    @inlinable public static func read(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) -> (value: Int, length: Int)? {
        var value = 0
        for index in 0..<4 {
            guard start + index < bytes.count else { return nil }
            let byte = bytes[start + index]
            value |= Int(byte & 0x7F) << (7 * index)
            if byte < 0x80 { return (value, index + 1) }
        }
        return (0, 0)
    }
}
