/// CRC-32C that is asked for after each byte: how long a record is whose length was lost.
struct RunningChecksum {
    static let table: [UInt32] = (0..<256).map { byte in
        var remainder = UInt32(byte)
        for _ in 0..<8 { remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0x82F6_3B78 }
        return remainder
    }

    private var remainder = UInt32.max
    var value: UInt32 { ~remainder }

    mutating func add(_ byte: UInt8) {
        remainder = remainder >> 8 ^ Self.table[Int((remainder ^ UInt32(byte)) & 0xFF)]
    }
}
