/// One operator and key of a `Condition` block, compiled; variables in its values are not yet replaced.
struct ConditionTemplate: Hashable, Sendable {
    let condition: ConditionOperator
    let keyText: String
    let key: ContextKey
    private let values: [TextTemplate]
    /// The condition for every caller, when no value has a variable.
    private let constant: ResolvedCondition?

    init(_ source: PolicyStatement.Condition, _ version: PolicyDocument.Version) {
        condition = source.condition
        keyText = source.key
        key = ContextKey(source.key)
        values = source.values.compactMap { TextTemplate($0, version) }
        constant =
            values.contains { $0.hasVariables }
            ? nil : Self.resolved(condition, keyText, key, values) { _ in .unresolved }
    }

    /// The condition with the values of one caller in it.
    func resolved(_ context: PolicyContext) -> ResolvedCondition {
        constant ?? Self.resolved(condition, keyText, key, values) { context.substitution($0) }
    }

    private static func resolved(
        _ condition: ConditionOperator, _ keyText: String, _ key: ContextKey, _ values: [TextTemplate],
        _ substitution: (PolicyVariable) -> PolicyVariable.Substitution
    ) -> ResolvedCondition {
        var operands: [ConditionOperand] = []
        var texts: [String] = []
        var unresolved: [String] = []
        for value in values {
            let plain = value.plainText(substitution)
            unresolved += plain.unresolved
            guard plain.unresolved.isEmpty else { continue }
            texts.append(plain.text)
            let pattern = value.pattern(substitution).pattern
            let ignoringCase = ResolvedCondition.ignoresCase(condition, key)
            if let operand = ConditionOperand(plain.text, pattern, condition.family, ignoringCase: ignoringCase) {
                operands.append(operand)
            }
        }
        return ResolvedCondition(
            condition: condition, keyText: keyText, key: key, operands: operands, texts: texts, unresolved: unresolved)
    }

    /// A value without variables must be one of its operator's family; one with variables is seen when it is used.
    static func check(
        _ text: String, _ condition: ConditionOperator, _ version: PolicyDocument.Version, at place: String
    ) throws(PolicyParseError) {
        guard let template = TextTemplate(text, version) else {
            throw PolicyParseError(.badVariable, at: place, "a variable of \(text) is not well-formed")
        }
        guard !template.hasVariables else { return }
        let plain = template.plainText { _ in .unresolved }.text
        let pattern = template.pattern { _ in .unresolved }.pattern
        guard ConditionOperand(plain, pattern, condition.family, ignoringCase: false) != nil else {
            throw PolicyParseError(.badConditionValue, at: place, "\(text) is no value for \(condition)")
        }
    }
}
