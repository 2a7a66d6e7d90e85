import IoTDomain
import MartletStore

/// Requests that are done together: each sees what those before it did, and each change is a write of its own, so that
/// the change feed has every version and a crash loses none.
struct ShadowBatch {
    let memory: ShadowMemory
    let rules: ShadowRules
    let nowSeconds: Int64

    private(set) var writes: [DocumentWrite] = []
    /// What the commit of the writes leaves under each key. Nil for a document that it made: only the store knows
    /// whether its count goes on from an earlier document.
    private(set) var stored: [ShadowKey: ShadowMemory.Entry?] = [:]
    private var records: [ShadowKey: ShadowRecord] = [:]

    init(memory: ShadowMemory, rules: ShadowRules, nowSeconds: Int64) {
        self.memory = memory
        self.rules = rules
        self.nowSeconds = nowSeconds
    }

    mutating func run(_ job: ShadowJob) -> ShadowOutcome {
        if case .unreadable = memory[job.key] { return .refused(ShadowError(.internalFailure)) }
        let outcome = job.run(records[job.key] ?? memory[job.key].record, rules, nowSeconds: nowSeconds)
        if case .changed(let change) = outcome { put(change.record, job.key) }
        return outcome
    }

    /// Removes tombstones that have had their time and that no request has replaced.
    mutating func removeExpired(_ keys: [ShadowKey]) {
        for key in keys where stored[key] == nil {
            guard case .stored(let record, let version, _) = memory[key], record.isExpired(nowSeconds: nowSeconds)
            else { continue }
            writes.append(.delete(KeySpace.shadow(key.account, key.name), expecting: .version(version)))
            stored[key] = .some(.absent)
        }
    }

    private mutating func put(_ record: ShadowRecord, _ key: ShadowKey) {
        let body = record.bytes
        let before = stored[key] ?? memory[key]
        let expectation: DocumentExpectation
        var after: ShadowMemory.Entry?
        switch before {
        case .stored(_, let version, _)?:
            expectation = .version(version)
            after = .stored(record, version.next, bytes: body.count)
        case .absent?: expectation = .absent
        // Made by this commit, so it is as it was left.
        case .unreadable?, nil: expectation = .any
        }
        writes.append(.put(KeySpace.shadow(key.account, key.name), body, expecting: expectation))
        stored[key] = .some(after)
        records[key] = record
    }
}
