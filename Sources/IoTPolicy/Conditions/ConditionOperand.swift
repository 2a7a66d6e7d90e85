internal import MartletBase

/// One listed value of a condition, read for its operator's family.
enum ConditionOperand: Hashable, Sendable {
    case pattern(BytePattern)
    case number(DecimalNumber)
    case date(WallInstant)
    case flag(Bool)
    case bytes([UInt8])
    case network(IPRange)
    case arn(ARNPattern)

    /// `text` is the value without wildcards, `pattern` the same with them. Nil when the family has no such value.
    init?(_ text: String, _ pattern: BytePattern, _ family: ConditionOperator.Family, ignoringCase: Bool) {
        switch family {
        case .string: self = .pattern(BytePattern(literal: ignoringCase ? text.lowercased() : text))
        case .stringLike: self = .pattern(ignoringCase ? pattern.lowercased : pattern)
        case .numeric:
            guard let number = DecimalNumber(text) else { return nil }
            self = .number(number)
        case .date:
            guard let date = DateText.instant(text) else { return nil }
            self = .date(date)
        case .bool, .null:
            guard let flag = Self.flag(text) else { return nil }
            self = .flag(flag)
        case .binary:
            guard let bytes = Base64.bytes(text) else { return nil }
            self = .bytes(bytes)
        case .ip:
            guard let network = IPRange(text) else { return nil }
            self = .network(network)
        case .arn:
            guard let arn = ARNPattern(segments: pattern.splitAtColons(into: ARNPattern.segmentCount)) else {
                return nil
            }
            self = .arn(arn)
        }
    }

    /// Whether a value of the context matches this one, before any negation.
    func matches(_ value: String, _ family: ConditionOperator.Family, ignoringCase: Bool) -> Bool {
        switch self {
        case .pattern(let pattern): return pattern.matches(ignoringCase ? value.lowercased() : value)
        case .flag(let flag): return Self.flag(value) == flag
        case .bytes(let bytes): return Base64.bytes(value) == bytes
        case .network(let network): return IPRange.Address(value).map(network.contains) ?? false
        case .arn(let pattern): return pattern.matches(value)
        case .number(let operand):
            guard case .numeric(let comparison) = family, let value = DecimalNumber(value) else { return false }
            return comparison.holds(value, operand)
        case .date:
            return DateText.instant(value).map { matches($0, family) } ?? false
        }
    }

    func matches(_ instant: WallInstant, _ family: ConditionOperator.Family) -> Bool {
        guard case .date(let comparison) = family, case .date(let operand) = self else { return false }
        return comparison.holds(instant, operand)
    }

    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }
}
