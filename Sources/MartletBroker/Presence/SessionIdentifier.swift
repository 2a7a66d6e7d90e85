import MartletBase

/// Names one network session in its events: a random UUID, 16 bytes.
struct SessionIdentifier: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Version 4 (RFC 9562 section 5.4).
    init(_ random: any RandomSource) {
        high = random.nextUInt64() & ~0xF000 | 0x4000
        low = random.nextUInt64() & ~(0b11 << 62) | 0b10 << 62
    }

    /// Lower-case, with dashes.
    var text: String {
        Hex.uuidText((0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - $0 % 8 * 8)) })
    }
}
