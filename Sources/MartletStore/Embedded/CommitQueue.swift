internal import GRDB
internal import Synchronization

/// Joins commits: while the writer syncs one transaction, the commits that arrive wait, and the next transaction takes
/// all of them. The sync under way is the batching window; there is no timer (performance-notes.md section 3).
final class CommitQueue: Sendable {
    typealias Outcome = Result<ChangePosition, EngineError>

    private struct Pending: Sendable {
        let writes: [DocumentWrite]
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var pending: [Pending] = []
        var isDraining = false
        var isClosed = false
        var trimmed: ChangePosition
        var statistics = StoreStatistics()
    }

    /// Rows that one transaction trims at the least when there is something to trim: what one commit pays for it.
    private static let trimRows: Int64 = 1_000

    private let pool: DatabasePool
    private let limits: StoreLimits
    private let signal: PositionSignal
    private let holds: FeedHolds
    private let state: Mutex<State>

    init(
        _ pool: DatabasePool, _ limits: StoreLimits, _ signal: PositionSignal, _ holds: FeedHolds,
        trimmed: ChangePosition
    ) {
        self.pool = pool
        self.limits = limits
        self.signal = signal
        self.holds = holds
        state = Mutex(State(trimmed: trimmed))
    }

    var statistics: StoreStatistics { state.withLock { $0.statistics } }

    /// Returns when the writes are durable, or are known not to be.
    func commit(_ writes: [DocumentWrite]) async -> Outcome {
        await withCheckedContinuation { continuation in
            let refusal = state.withLock { state -> EngineError? in
                if state.isClosed { return .unavailable(because: "the store is closed") }
                if state.pending.count >= limits.pendingCommits {
                    return .unavailable(because: "\(limits.pendingCommits) commits are waiting (store.pendingCommits)")
                }
                state.pending.append(Pending(writes: writes, continuation: continuation))
                if !state.isDraining {
                    state.isDraining = true
                    // The closure runs on the writer's own thread, after whatever it does now.
                    pool.asyncWriteWithoutTransaction { db in self.drain(db) }
                }
                return nil
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
    }

    /// Takes no more commits. Returns when those that were taken have been answered.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { done in
            pool.asyncWriteWithoutTransaction { _ in done.resume() }
        }
    }

    private func drain(_ db: Database) {
        while let batch = takeBatch() {
            let outcomes = run(batch.map(\.writes), db)
            for (pending, outcome) in zip(batch, outcomes) { pending.continuation.resume(returning: outcome) }
        }
    }

    private func takeBatch() -> [Pending]? {
        state.withLock { state in
            guard !state.pending.isEmpty else {
                state.isDraining = false
                return nil
            }
            let batch = Array(state.pending.prefix(limits.joinedCommits))
            state.pending.removeFirst(batch.count)
            return batch
        }
    }

    private func run(_ commits: [[DocumentWrite]], _ db: Database) -> [Outcome] {
        let last = signal.reached
        var outcomes: [Outcome] = []
        var position = last
        var trimmed = state.withLock { $0.trimmed }
        do {
            try db.inTransaction(.immediate) {
                for writes in commits {
                    let outcome = try Self.run(writes, after: position, db)
                    position = max(position, (try? outcome.get()) ?? position)
                    outcomes.append(outcome)
                }
                // What changed nothing needs no sync.
                guard position > last else { return .rollback }
                trimmed = try trim(trimmed, last: position, added: position.rawValue - last.rawValue, db)
                return .commit
            }
        } catch {
            state.withLock { $0.statistics.failures += 1 }
            return commits.map { _ in .failure(.notDurable(because: "\(error)")) }
        }
        count(outcomes, changed: position > last, trimmed: trimmed)
        signal.advance(to: position)
        return outcomes
    }

    /// One commit of many: a savepoint keeps its conflict from harming the others.
    private static func run(_ writes: [DocumentWrite], after position: ChangePosition, _ db: Database) throws -> Outcome
    {
        var reached = position
        do {
            try db.inSavepoint {
                reached = try DocumentDatabase.apply(writes, after: position, db)
                return .commit
            }
            return .success(reached)
        } catch let error as EngineError {
            return .failure(error)
        }
    }

    /// Trims what is above `changeFeed.keepRows` and no open feed needs, a little in each transaction.
    /// - Returns: how far the feed is now trimmed.
    private func trim(
        _ trimmed: ChangePosition, last: ChangePosition, added: Int64, _ db: Database
    ) throws -> ChangePosition {
        let wanted = min(last.rawValue - Int64(limits.keepRows), holds.oldest?.rawValue ?? .max)
        let forced = last.rawValue - Int64(limits.hardRows)
        let through = min(max(wanted, forced), trimmed.rawValue + max(Self.trimRows, 2 * added))
        guard through > trimmed.rawValue else { return trimmed }
        try DocumentDatabase.trim(through: ChangePosition(rawValue: through), db)
        return ChangePosition(rawValue: through)
    }

    private func count(_ outcomes: [Outcome], changed: Bool, trimmed: ChangePosition) {
        let done = outcomes.count { if case .success = $0 { true } else { false } }
        state.withLock { state in
            state.trimmed = trimmed
            state.statistics.commits += done
            state.statistics.conflicts += outcomes.count - done
            state.statistics.transactions += changed ? 1 : 0
        }
    }
}
