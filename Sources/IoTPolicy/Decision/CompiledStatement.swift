/// A statement with all that does not depend on the caller worked out.
struct CompiledStatement: Sendable {
    /// The statement's `Sid`, else its place such as `Statement[1]`.
    let label: String
    let effect: PolicyStatement.Effect
    let actionTexts: [String]
    let isNotAction: Bool
    /// The data-plane actions that the statement is about.
    let actionMask: UInt32
    let resources: [ResourceTemplate]
    let isNotResource: Bool
    let conditions: [ConditionTemplate]
    private let actions: [ActionPattern]

    init(_ statement: PolicyStatement, index: Int, _ version: PolicyDocument.Version) {
        label = statement.sid.flatMap { $0.isEmpty ? nil : $0 } ?? "Statement[\(index)]"
        effect = statement.effect
        actionTexts = statement.actions
        isNotAction = statement.isNotAction
        resources = statement.resources.compactMap { ResourceTemplate($0, version) }
        isNotResource = statement.isNotResource
        conditions = statement.conditions.map { ConditionTemplate($0, version) }
        let actions = statement.actions.map { ActionPattern($0) }
        self.actions = actions
        actionMask = DataPlaneAction.allCases.reduce(0) { mask, action in
            let isListed = Self.lists(actions, action.lowercasedNames)
            return isListed != statement.isNotAction ? mask | action.bit : mask
        }
    }

    /// Whether the statement is about an action that has these names, all in lower case.
    func isAbout(lowercasedNames names: [String]) -> Bool { Self.lists(actions, names) != isNotAction }

    private static func lists(_ actions: [ActionPattern], _ names: [String]) -> Bool {
        actions.contains { action in names.contains { action.matches(lowercased: $0) } }
    }
}
