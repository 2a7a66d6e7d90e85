/// Follows all changes of a store, one after the other, and tells how far it has come. The caches of a node are kept
/// true by one; an API call that waits for `applied(through:)` its own commit is true for the next packet
/// (architecture.md, "The life of an API call").
package final class FeedFollower: Sendable {
    private let store: any DocumentStore
    private let onCompacted: @Sendable () async -> Void
    private let apply: @Sendable (Change) async -> Void
    private let signal: PositionSignal

    /// - Parameters:
    ///   - since: what `currentPosition()` said before anything was read from the store.
    ///   - onCompacted: forgets or rebuilds all that was derived from changes; called when some can no longer be read.
    ///   - apply: takes one change over. It may see a change twice.
    package init(
        store: any DocumentStore, since: ChangePosition, onCompacted: @escaping @Sendable () async -> Void,
        apply: @escaping @Sendable (Change) async -> Void
    ) {
        self.store = store
        self.onCompacted = onCompacted
        self.apply = apply
        signal = PositionSignal(at: since)
    }

    /// Follows until the task is cancelled; then it returns, and nobody waits any longer. It is run once.
    /// - Throws: what the feed ends with, except that after `.compacted` it goes on.
    package func run() async throws {
        defer { signal.end(with: .unavailable(because: "the change feed is no longer followed")) }
        while !Task.isCancelled {
            do {
                try await follow()
            } catch EngineError.compacted {
                try await startOver()
            }
        }
    }

    /// The latest change that has been applied, with all before it.
    package var position: ChangePosition { signal.reached }

    /// Returns when the change at this position and all before it have been applied.
    /// - Throws: `CancellationError`; `EngineError.unavailable` when the follower has stopped short of it.
    package func applied(through position: ChangePosition) async throws {
        try await signal.wait(through: position)
    }

    private func follow() async throws {
        for try await change in store.changes(prefix: .empty, since: signal.reached) {
            await apply(change)
            signal.advance(to: change.position)
        }
    }

    /// What is read from the store after this position was taken is at least as new as it, so changes up to it need
    /// not be seen.
    private func startOver() async throws {
        let position = try await store.currentPosition()
        await onCompacted()
        signal.advance(to: position)
    }
}
