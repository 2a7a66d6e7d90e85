/// A decimal number compared digit by digit, so that long numbers are not rounded.
struct DecimalNumber: Hashable, Comparable {
    private let isNegative: Bool
    /// No leading zeros.
    private let whole: [UInt8]
    /// No trailing zeros.
    private let fraction: [UInt8]

    /// `-? digits (. digits)?`; nil for anything else.
    init?(_ text: String) {
        var digits = Array(text.utf8)[...]
        let hasMinus = digits.first == UInt8(ascii: "-")
        if hasMinus { digits = digits.dropFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else { return nil }
        for part in parts {
            guard !part.isEmpty, part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        }
        whole = Array(parts[0].drop { $0 == 0x30 })
        let trailing = parts.count == 2 ? parts[1].reversed().drop { $0 == 0x30 } : []
        fraction = trailing.reversed()
        isNegative = hasMinus && !(whole.isEmpty && fraction.isEmpty)
    }

    static func < (one: DecimalNumber, other: DecimalNumber) -> Bool {
        if one.isNegative != other.isNegative { return one.isNegative }
        return one.isNegative ? other.magnitudeIsLess(than: one) : one.magnitudeIsLess(than: other)
    }

    private func magnitudeIsLess(than other: DecimalNumber) -> Bool {
        if whole.count != other.whole.count { return whole.count < other.whole.count }
        if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
        return fraction.lexicographicallyPrecedes(other.fraction)
    }
}
