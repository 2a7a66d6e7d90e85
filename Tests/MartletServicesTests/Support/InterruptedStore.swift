import MartletStore
import Synchronization

/// Lets something else happen just before one commit: after all that the call read, before what it writes.
struct InterruptedStore: DocumentStore {
    /// Which commit from now on is interrupted, 1 for the next, and by what.
    final class Interruption: Sendable {
        private let state = Mutex<(commits: Int, action: (@Sendable () async -> Void)?)>((0, nil))

        func before(commit number: Int, _ action: @escaping @Sendable () async -> Void) {
            state.withLock { $0 = (number, action) }
        }

        var isPending: Bool { state.withLock { $0.action != nil } }

        func next() async {
            let action = state.withLock { state -> (@Sendable () async -> Void)? in
                guard let action = state.action else { return nil }
                state.commits -= 1
                guard state.commits == 0 else { return nil }
                state.action = nil
                return action
            }
            await action?()
        }
    }

    let store: EmbeddedDocumentStore
    let interruption: Interruption

    func get(_ key: KeyBytes) async throws(EngineError) -> Document? { try await store.get(key) }

    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition {
        await interruption.next()
        return try await store.commit(writes)
    }

    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] {
        try await store.scan(prefix: prefix, after: after, limit: limit)
    }

    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        store.changes(prefix: prefix, since: since)
    }

    func currentPosition() async throws(EngineError) -> ChangePosition { try await store.currentPosition() }
}
