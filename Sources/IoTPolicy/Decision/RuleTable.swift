internal import MartletBase

/// The statements of a caller's policies that are left to decide, flat: nothing is allocated to ask it. A caller whose
/// policies decide everything in advance has an empty one.
struct RuleTable: Sendable {
    /// One statement for one type of resource.
    struct Rule: Sendable {
        let actionMask: UInt32
        let isDeny: Bool
        /// The patterns are those of `NotResource`.
        let isNotResource: Bool
        /// The conditions on keys of the request hold when those keys are missing, as in `allows` they are.
        let isActive: Bool
        /// Place in `conditions`; -1 when there is none.
        let conditions: Int32
        let firstPattern: UInt32
        let patternCount: UInt32
    }

    private struct Slot: Sendable {
        let start: UInt32
        let count: UInt32
    }

    /// The conditions of a rule that are not decided yet.
    struct OpenConditions: Sendable {
        /// On the time.
        let time: [ResolvedCondition]
        /// On other keys of the request.
        let request: [ResolvedCondition]
    }

    /// Denials first: the first match decides.
    private(set) var rules: ContiguousArray<Rule> = []
    private var slots: ContiguousArray<Slot> = []
    private var symbols: ContiguousArray<UInt8> = []
    private var conditions: [OpenConditions] = []

    /// Denials must be appended before permissions.
    mutating func append(
        actionMask: UInt32, isDeny: Bool, isNotResource: Bool, patterns: [BytePattern], conditions open: OpenConditions,
        isActive: Bool
    ) {
        let isOpen = !open.time.isEmpty || !open.request.isEmpty
        if isOpen { conditions.append(open) }
        rules.append(
            Rule(
                actionMask: actionMask, isDeny: isDeny, isNotResource: isNotResource, isActive: isActive,
                conditions: isOpen ? Int32(conditions.count - 1) : -1, firstPattern: UInt32(slots.count),
                patternCount: UInt32(patterns.count)))
        for pattern in patterns {
            slots.append(Slot(start: UInt32(symbols.count), count: UInt32(pattern.symbols.count)))
            symbols += pattern.symbols
        }
    }

    /// The decision for a request without keys of its own. The context is asked for only where a condition is open.
    func allows(
        _ actionBit: UInt32, _ name: UnsafeRawBufferPointer, now: WallInstant?,
        _ context: @autoclosure () -> PolicyContext
    ) -> Bool {
        symbols.withUnsafeBytes { symbols in
            for rule in rules where rule.actionMask & actionBit != 0 && rule.isActive {
                guard matches(rule, symbols, name) else { continue }
                if rule.conditions >= 0 {
                    let request = RequestValues(now: now)
                    let time = conditions[Int(rule.conditions)].time
                    let context = context()
                    guard time.allSatisfy({ $0.holds(context, request) }) else { continue }
                }
                return !rule.isDeny
            }
            return false
        }
    }

    func allows(
        _ actionBit: UInt32, _ name: UnsafeRawBufferPointer, _ request: RequestValues, _ context: PolicyContext
    ) -> Bool {
        symbols.withUnsafeBytes { symbols in
            for rule in rules where rule.actionMask & actionBit != 0 && matches(rule, symbols, name) {
                if rule.conditions >= 0 {
                    let open = conditions[Int(rule.conditions)]
                    guard (open.time + open.request).allSatisfy({ $0.holds(context, request) }) else { continue }
                }
                return !rule.isDeny
            }
            return false
        }
    }

    private func matches(_ rule: Rule, _ symbols: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
        for index in rule.firstPattern..<(rule.firstPattern + rule.patternCount) {
            let slot = slots[Int(index)]
            let pattern = UnsafeRawBufferPointer(rebasing: symbols[Int(slot.start)..<Int(slot.start + slot.count)])
            if WildcardMatcher.matches(pattern, name) { return !rule.isNotResource }
        }
        return rule.isNotResource
    }
}
