/// Decides by asking every statement in its own words, and keeps what it learnt. It shares no shortcut with
/// `RuleTable`, so each checks the other.
struct DecisionExplainer {
    private let action: String
    private let lowercasedNames: [String]
    private let resource: String
    private let context: PolicyContext
    private let request: RequestValues

    private var denied: PolicyDecision.Statement?
    private var allowed: PolicyDecision.Statement?
    private var allowing: [String] = []
    private var denying: [String] = []
    private var silent: [String] = []
    private var nearest: (miss: PolicyDecision.NearestMiss, closeness: Closeness)?
    private var unresolved: [String] = []
    private var missing: [String] = []

    init(names: [String], resource: String, _ context: PolicyContext, _ request: RequestValues) {
        action = names[0]
        lowercasedNames = names.map { $0.lowercased() }
        self.resource = resource
        self.context = context
        self.request = request
    }

    /// How much of a statement fits: the later an element fails the closer the statement came.
    private struct Closeness: Comparable {
        let elements: Int
        /// Bytes that pattern and resource have in common at their beginning.
        let commonBytes: Int

        static func < (one: Closeness, other: Closeness) -> Bool {
            (one.elements, one.commonBytes) < (other.elements, other.commonBytes)
        }
    }

    mutating func decide(_ policies: [CompiledPolicy]) -> PolicyDecision {
        for policy in policies { consider(policy) }
        let outcome: PolicyDecision.Outcome =
            denied != nil ? .explicitDeny : allowed != nil ? .allowed : .implicitDeny
        return PolicyDecision(
            outcome: outcome, action: action, resource: resource, decidedBy: denied ?? allowed,
            nearestMiss: outcome == .implicitDeny ? nearest?.miss : nil, allowingPolicies: allowing,
            denyingPolicies: denying, silentPolicies: silent, unresolvedVariables: unresolved,
            missingContextValues: missing)
    }

    private mutating func consider(_ policy: CompiledPolicy) {
        var isAllowing = false
        var isDenying = false
        for statement in policy.statements {
            let reference = PolicyDecision.Statement(
                policyName: policy.name, versionID: policy.versionID, label: statement.label)
            guard matches(statement, reference) else { continue }
            if statement.effect == .deny {
                isDenying = true
                denied = denied ?? reference
            } else {
                isAllowing = true
                allowed = allowed ?? reference
            }
        }
        if isAllowing { allowing.append(policy.name) }
        if isDenying { denying.append(policy.name) }
        if !isAllowing, !isDenying { silent.append(policy.name) }
    }

    private mutating func matches(_ statement: CompiledStatement, _ reference: PolicyDecision.Statement) -> Bool {
        let resources = statement.resources.map { $0.resolved(context) }
        let isResource = matches(statement, resources)
        guard statement.isAbout(lowercasedNames: lowercasedNames) else {
            let listed = statement.actionTexts.joined(separator: ", ")
            let difference =
                statement.isNotAction
                ? "\(action) is excluded by NotAction \(listed)" : "\(listed) does not match \(action)"
            note(statement, reference, .action, difference, Closeness(elements: isResource ? 1 : 0, commonBytes: 0))
            return false
        }
        let conditions = statement.conditions.map { $0.resolved(context) }
        noteMissing(resources, conditions)
        guard isResource else {
            let (difference, commonBytes) = resourceDifference(statement, resources)
            note(statement, reference, .resource, difference, Closeness(elements: 2, commonBytes: commonBytes))
            return false
        }
        let failed = conditions.filter { !$0.holds(context, request) }
        guard failed.isEmpty else {
            let difference = failed.map(conditionDifference).joined(separator: "; ")
            let fitting = conditions.count - failed.count
            note(statement, reference, .condition, difference, Closeness(elements: 3, commonBytes: fitting))
            return false
        }
        return true
    }

    private func matches(_ statement: CompiledStatement, _ resources: [ResolvedResource]) -> Bool {
        guard !statement.failsClosed(resources) else { return false }
        return resources.contains { $0.pattern?.matches(resource) ?? false } != statement.isNotResource
    }

    private mutating func note(
        _ statement: CompiledStatement, _ reference: PolicyDecision.Statement,
        _ element: PolicyDecision.NearestMiss.Element, _ difference: String, _ closeness: Closeness
    ) {
        guard statement.effect == .allow, nearest.map({ $0.closeness < closeness }) ?? true else { return }
        nearest = (
            PolicyDecision.NearestMiss(statement: reference, element: element, difference: difference), closeness
        )
    }

    private mutating func noteMissing(_ resources: [ResolvedResource], _ conditions: [ResolvedCondition]) {
        for name in resources.flatMap(\.unresolved) + conditions.flatMap(\.unresolved) {
            if !unresolved.contains(name) { unresolved.append(name) }
            if !missing.contains(name) { missing.append(name) }
        }
        for condition in conditions where condition.condition.family != .null {
            guard !missing.contains(condition.keyText), condition.values(context, request).isEmpty else { continue }
            missing.append(condition.keyText)
        }
    }

    private func resourceDifference(
        _ statement: CompiledStatement, _ resources: [ResolvedResource]
    ) -> (text: String, commonBytes: Int) {
        if statement.failsClosed(resources), let entry = resources.first(where: { $0.pattern == nil }) {
            return ("NotResource \(entry.text) has no value for \(entry.unresolved.joined(separator: ", "))", 0)
        }
        if statement.isNotResource {
            let entry = resources.first { $0.pattern?.matches(resource) ?? false }
            return ("\(resource) is excluded by NotResource \(entry?.text ?? "")", 0)
        }
        let ranked = resources.map { (entry: $0, common: commonBytes($0.text, resource)) }
        guard let closest = ranked.max(by: { $0.common < $1.common }) else { return ("", 0) }
        guard closest.entry.pattern != nil else {
            let names = closest.entry.unresolved.joined(separator: ", ")
            return ("\(closest.entry.text) has no value for \(names)", closest.common)
        }
        return ("\(closest.entry.text) does not match \(resource)", closest.common)
    }

    private func commonBytes(_ one: String, _ other: String) -> Int {
        zip(one.utf8, other.utf8).prefix { $0 == $1 }.count
    }

    /// Such as `Bool iot:Connection.Thing.IsAttached: true expected, was false`.
    private func conditionDifference(_ condition: ResolvedCondition) -> String {
        let expected = condition.texts.isEmpty ? "no value" : condition.texts.joined(separator: " or ")
        let values = condition.values(context, request)
        let found = values.isEmpty ? "missing" : values.joined(separator: ", ")
        let verb = condition.condition.isNegated ? "not expected" : "expected"
        return "\(condition.condition) \(condition.keyText): \(expected) \(verb), was \(found)"
    }
}
