internal import MartletBase

/// A condition with the values of one caller in it (policies.md section 5).
struct ResolvedCondition: Hashable, Sendable {
    let condition: ConditionOperator
    let keyText: String
    let key: ContextKey
    let operands: [ConditionOperand]
    /// The listed values after substitution, as a person reads them.
    let texts: [String]
    /// Variables without value; the listed values that have them are skipped.
    let unresolved: [String]

    /// A host name has no case (policies.md section 4), so neither have comparisons with one.
    static func ignoresCase(_ condition: ConditionOperator, _ key: ContextKey) -> Bool {
        key == .domainName || condition.family == .string(ignoringCase: true)
    }

    func holds(_ context: PolicyContext, _ request: RequestValues) -> Bool {
        if key.dependsOnTime, case .date = condition.family {
            guard let now = request.now else { return holdsWhenMissing }
            return condition.isNegated != operands.contains { $0.matches(now, condition.family) }
        }
        return holds(values(context, request))
    }

    func values(_ context: PolicyContext, _ request: RequestValues) -> [String] {
        context.values(key) ?? request.values(key)
    }

    func holds(_ values: [String]) -> Bool {
        if condition.family == .null { return operands.contains(.flag(values.isEmpty)) }
        guard !values.isEmpty else { return holdsWhenMissing }
        return switch condition.quantifier {
        case .allValues: values.allSatisfy(holds)
        case .anyValue: values.contains(where: holds)
        case nil: condition.isNegated ? values.allSatisfy(holds) : values.contains(where: holds)
        }
    }

    private var holdsWhenMissing: Bool {
        if condition.ifExists { return true }
        return switch condition.quantifier {
        case .allValues: true
        case .anyValue: false
        case nil: condition.isNegated
        }
    }

    private func holds(_ value: String) -> Bool {
        let ignoringCase = Self.ignoresCase(condition, key)
        let isListed = operands.contains { $0.matches(value, condition.family, ignoringCase: ignoringCase) }
        return isListed != condition.isNegated
    }
}
