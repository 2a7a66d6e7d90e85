internal import MartletBase

extension JSONValue {
    /// Equality as the delta sees it (shadows.md section 6): typed, numbers by value, so that 1 is 1.0 but not "1".
    /// Text is compared byte by byte, not by Unicode's canonical equivalence.
    func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.number(let one), .number(let other)): one.isSame(as: other)
        case (.array(let one), .array(let other)):
            one.count == other.count && zip(one, other).allSatisfy { $0.isSame(as: $1) }
        case (.object(let one), .object(let other)):
            one.count == other.count && one.allSatisfy { other[$0.name]?.isSame(as: $0.value) ?? false }
        default: self == other
        }
    }
}

extension JSONNumber {
    /// Whether two numbers have the same value, exactly: 1, 1.0 and 10e-1 do.
    func isSame(as other: JSONNumber) -> Bool {
        if text == other.text { return true }
        guard let one = Decimal(text), let other = Decimal(other.text) else { return false }
        return one == other
    }

    /// ±digits × 10^exponent with no zero at either end of the digits; zero has no digits.
    private struct Decimal: Equatable {
        var isNegative: Bool
        var digits: [UInt8]
        var exponent: Int

        /// Nil when the exponent is beyond counting: such a number is equal to its own text only.
        init?(_ text: String) {
            let parts = text.utf8.split(maxSplits: 1) { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
            guard let written = parts.count == 2 ? Int(Substring(parts[1])) : 0,
                written.magnitude < UInt(Int32.max)
            else { return nil }
            isNegative = text.utf8.first == UInt8(ascii: "-")
            let halves = parts[0].drop { $0 == UInt8(ascii: "-") }.split(separator: UInt8(ascii: "."))
            let all = halves.joined()
            digits = Array(all.drop { $0 == UInt8(ascii: "0") })
            exponent = written - (halves.count == 2 ? halves[1].count : 0)
            while digits.last == UInt8(ascii: "0") {
                digits.removeLast()
                exponent += 1
            }
            if digits.isEmpty { (isNegative, exponent) = (false, 0) }
        }
    }
}
