internal import MartletBase

/// Works out for one caller what does not depend on the resource, and puts the rest into a `RuleTable`.
struct AuthorizerBuilder {
    private struct Candidate {
        let actionMask: UInt32
        let isNotResource: Bool
        let patterns: [BytePattern]
        let time: [ResolvedCondition]
        let request: [ResolvedCondition]
        let isActive: Bool

        var isOpen: Bool { !time.isEmpty || !request.isEmpty }
        var matchesEverything: Bool {
            !isOpen && (isNotResource ? patterns.isEmpty : patterns.contains { $0.isEverything })
        }
    }

    private let context: PolicyContext
    private var denials: [Candidate] = []
    private var permissions: [Candidate] = []

    private(set) var allowMask: UInt32 = 0
    private(set) var denyMask: UInt32 = 0
    private(set) var timeMask: UInt32 = 0
    private(set) var rules = RuleTable()

    init(_ policies: [CompiledPolicy], _ context: PolicyContext) {
        self.context = context
        for policy in policies {
            for statement in policy.statements where statement.actionMask != 0 { add(statement) }
        }
        settleMasks()
        fillTable()
    }

    private mutating func add(_ statement: CompiledStatement) {
        var time: [ResolvedCondition] = []
        var request: [ResolvedCondition] = []
        for condition in statement.conditions {
            let condition = condition.resolved(context)
            if condition.key.dependsOnTime {
                time.append(condition)
            } else if let values = context.values(condition.key) {
                guard condition.holds(values) else { return }
            } else {
                request.append(condition)
            }
        }
        let isActive = request.allSatisfy { $0.holds([]) }
        let resources = statement.resources.map { $0.resolved(context) }
        guard !statement.failsClosed(resources) else { return }
        for type in DataPlaneAction.ResourceType.allCases {
            let mask = statement.actionMask & type.actionMask
            guard mask != 0 else { continue }
            let patterns = resources.flatMap { residuals($0, type) }
            if patterns.isEmpty, !statement.isNotResource { continue }
            if statement.isNotResource, patterns.contains(where: \.isEverything) { continue }
            let candidate = Candidate(
                actionMask: mask, isNotResource: statement.isNotResource, patterns: patterns, time: time,
                request: request, isActive: isActive)
            if statement.effect == .deny { denials.append(candidate) } else { permissions.append(candidate) }
        }
    }

    /// What is left of a resource pattern once the ARN up to the resource's name is matched.
    private func residuals(_ resource: ResolvedResource, _ type: DataPlaneAction.ResourceType) -> [BytePattern] {
        switch resource.pattern {
        case nil: return []
        case .everything: return [.everything]
        case .segments(let segments):
            guard type != .any else { return [] }
            let realm = context.realm
            let fixed = ["arn", realm.partition, "iot", realm.region, realm.account.text]
            guard zip(segments, fixed).allSatisfy({ $0.matches($1) }) else { return [] }
            return segments[5].residuals(after: type.prefix)
        }
    }

    private mutating func settleMasks() {
        func mask(_ candidates: [Candidate], _ isIncluded: (Candidate) -> Bool) -> UInt32 {
            candidates.reduce(0) { isIncluded($1) ? $0 | $1.actionMask : $0 }
        }
        let denied = mask(denials) { $0.matchesEverything }
        let someDenied = mask(denials) { _ in true }
        let allowed = mask(permissions) { $0.matchesEverything }
        let someAllowed = mask(permissions) { _ in true }
        denyMask = denied | ~someAllowed
        allowMask = allowed & ~someDenied
        let isTimed: (Candidate) -> Bool = { !$0.time.isEmpty }
        timeMask = (mask(denials, isTimed) | mask(permissions, isTimed)) & ~(denyMask | allowMask)
    }

    private mutating func fillTable() {
        let open = ~(denyMask | allowMask)
        for (candidates, isDeny) in [(denials, true), (permissions, false)] {
            for candidate in candidates where candidate.actionMask & open != 0 {
                rules.append(
                    actionMask: candidate.actionMask & open, isDeny: isDeny, isNotResource: candidate.isNotResource,
                    patterns: candidate.patterns,
                    conditions: RuleTable.OpenConditions(time: candidate.time, request: candidate.request),
                    isActive: candidate.isActive)
            }
        }
    }
}

extension CompiledStatement {
    /// An Allow for all resources but one whose name is not known allows none: with an unresolved variable an Allow
    /// fails (policies.md section 4), whichever way round its resources are written.
    func failsClosed(_ resources: [ResolvedResource]) -> Bool {
        isNotResource && effect == .allow && resources.contains { $0.pattern == nil }
    }
}
