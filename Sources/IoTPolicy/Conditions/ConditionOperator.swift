/// An operator of a `Condition` block with its prefix and suffix (policies.md section 5).
package struct ConditionOperator: Hashable, Sendable, CustomStringConvertible {
    package enum Family: Hashable, Sendable {
        case string(ignoringCase: Bool)
        case stringLike
        case numeric(Comparison)
        case date(Comparison)
        case bool, binary, ip, arn, null
    }

    package enum Comparison: Hashable, Sendable {
        case equal, less, lessOrEqual, greater, greaterOrEqual

        func holds<Value: Comparable>(_ value: Value, _ operand: Value) -> Bool {
            switch self {
            case .equal: value == operand
            case .less: value < operand
            case .lessOrEqual: value <= operand
            case .greater: value > operand
            case .greaterOrEqual: value >= operand
            }
        }
    }

    package enum Quantifier: String, Hashable, Sendable {
        case allValues = "ForAllValues:"
        case anyValue = "ForAnyValue:"
    }

    package let family: Family
    /// `StringNotEquals` and its like: no listed value may match.
    package let isNegated: Bool
    /// The `IfExists` suffix: true when the key is missing.
    package let ifExists: Bool
    package let quantifier: Quantifier?
    /// The operator as it is written.
    package let description: String

    /// Nil when there is no such operator. Names are case-sensitive.
    package init?(_ name: String) {
        var base = name[...]
        var quantifier: Quantifier?
        for candidate in [Quantifier.allValues, .anyValue] where base.hasPrefix(candidate.rawValue) {
            quantifier = candidate
            base = base.dropFirst(candidate.rawValue.count)
            break
        }
        let ifExists = base.hasSuffix("IfExists")
        if ifExists { base = base.dropLast("IfExists".count) }
        guard let known = Self.table[String(base)] else { return nil }
        if known.family == .null, ifExists || quantifier != nil { return nil }
        (family, isNegated) = known
        self.ifExists = ifExists
        self.quantifier = quantifier
        description = name
    }

    private static let table: [String: (family: Family, isNegated: Bool)] = [
        "StringEquals": (.string(ignoringCase: false), false),
        "StringNotEquals": (.string(ignoringCase: false), true),
        "StringEqualsIgnoreCase": (.string(ignoringCase: true), false),
        "StringNotEqualsIgnoreCase": (.string(ignoringCase: true), true),
        "StringLike": (.stringLike, false),
        "StringNotLike": (.stringLike, true),
        "NumericEquals": (.numeric(.equal), false),
        "NumericNotEquals": (.numeric(.equal), true),
        "NumericLessThan": (.numeric(.less), false),
        "NumericLessThanEquals": (.numeric(.lessOrEqual), false),
        "NumericGreaterThan": (.numeric(.greater), false),
        "NumericGreaterThanEquals": (.numeric(.greaterOrEqual), false),
        "DateEquals": (.date(.equal), false),
        "DateNotEquals": (.date(.equal), true),
        "DateLessThan": (.date(.less), false),
        "DateLessThanEquals": (.date(.lessOrEqual), false),
        "DateGreaterThan": (.date(.greater), false),
        "DateGreaterThanEquals": (.date(.greaterOrEqual), false),
        "Bool": (.bool, false),
        "BinaryEquals": (.binary, false),
        "IpAddress": (.ip, false),
        "NotIpAddress": (.ip, true),
        "ArnEquals": (.arn, false),
        "ArnLike": (.arn, false),
        "ArnNotEquals": (.arn, true),
        "ArnNotLike": (.arn, true),
        "Null": (.null, false),
    ]
}
