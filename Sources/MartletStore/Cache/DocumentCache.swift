internal import Synchronization

/// A bounded read-through cache that the change feed keeps true. What it returns is never older than a change that
/// has been applied to it, however long a load takes. That a document is absent is remembered too.
///
/// One that reads in order to write reads from the store: an unapplied commit may be newer than what stands here.
package final class DocumentCache: Sendable {
    package enum Lookup: Hashable, Sendable {
        /// Known: the document, or nil for one that does not exist.
        case hit(Document?)
        case miss
    }

    private typealias Outcome = Result<Document?, EngineError>

    /// A load that is under way, and what happened to its key meanwhile.
    private struct Load {
        /// The latest change that was applied while the store was being read. It may be newer than what the read finds.
        var applied: Document??
        /// Changes were missed: what the read finds may be too old.
        var isStale = false
        var followers: [CheckedContinuation<Outcome?, Never>] = []
    }

    private struct State {
        var table: ClockTable
        var loads: [KeyBytes: Load] = [:]
    }

    private let store: any DocumentStore
    private let state: Mutex<State>

    package init(store: any DocumentStore, limits: CacheLimits = CacheLimits()) {
        self.store = store
        state = Mutex(State(table: ClockTable(limits)))
    }

    /// Entries held now.
    package var count: Int { state.withLock { $0.table.count } }

    package func cached(_ key: KeyBytes) -> Lookup {
        state.withLock { state in
            guard let document = state.table[key] else { return .miss }
            state.table.markUsed(key)
            return .hit(document)
        }
    }

    /// The document from here, else from the store. Loads of one key that overlap are one read.
    package func load(_ key: KeyBytes) async throws(EngineError) -> Document? {
        if case .hit(let document) = cached(key) { return document }
        if let joined = await join(key) { return try joined.get() }
        while true {
            let read: Outcome
            do throws(EngineError) {
                read = .success(try await store.get(key))
            } catch {
                read = .failure(error)
            }
            if let outcome = finish(key, read) { return try outcome.get() }
        }
    }

    /// Takes over a change from the feed. Changes come in the order of their positions.
    package func apply(_ change: Change) {
        state.withLock { state in
            state.loads[change.key]?.applied = .some(change.document)
            guard let present = state.table[change.key] else { return }
            // A load may have been ahead of the feed; then this change is old news.
            if let present, present.version > change.version { return }
            state.table.set(change.key, change.document)
        }
    }

    /// Forgets everything, because changes were missed. A load that is under way is made again.
    package func invalidateAll() {
        state.withLock { state in
            state.table.removeAll()
            for key in state.loads.keys {
                state.loads[key]?.isStale = true
                state.loads[key]?.applied = nil
            }
        }
    }

    /// Waits for the load of this key that is under way; nil when there was none and the caller now has to do it.
    private func join(_ key: KeyBytes) async -> Outcome? {
        await withCheckedContinuation { continuation in
            let answer: Outcome?? = state.withLock { state in
                if let document = state.table[key] { return .some(.success(document)) }
                if state.loads[key] != nil {
                    state.loads[key]?.followers.append(continuation)
                    return nil
                }
                state.loads[key] = Load()
                return .some(nil)
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Ends the load with what the store said, unless that has to be asked again; then nil.
    private func finish(_ key: KeyBytes, _ read: Outcome) -> Outcome? {
        let (outcome, followers) = state.withLock { state -> (Outcome?, [CheckedContinuation<Outcome?, Never>]) in
            guard let load = state.loads[key] else { return (read, []) }
            if load.isStale, case .success = read {
                state.loads[key]?.isStale = false
                return (nil, [])
            }
            state.loads[key] = nil
            let outcome = read.map { Self.newer($0, load.applied) }
            if case .success(let document) = outcome { state.table.set(key, document) }
            return (outcome, load.followers)
        }
        for follower in followers { follower.resume(returning: outcome) }
        return outcome
    }

    /// What was read, unless a change that was applied during the read may have come after it.
    private static func newer(_ read: Document?, _ applied: Document??) -> Document? {
        guard let applied else { return read }
        if let applied, let read, read.version > applied.version { return read }
        return applied
    }
}
