import MartletStore
import Synchronization

/// A store whose reads stop until the test lets them go on, so that a test decides what happens meanwhile.
final class GatedStore: DocumentStore {
    private struct State {
        var answers: [CheckedContinuation<Result<Document?, EngineError>, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
        var reads = 0
    }

    private let state = Mutex(State())

    var reads: Int { state.withLock { $0.reads } }

    func get(_ key: KeyBytes) async throws(EngineError) -> Document? {
        let result = await withCheckedContinuation { continuation in
            let watchers = state.withLock { state in
                state.reads += 1
                state.answers.append(continuation)
                defer { state.watchers = [] }
                return state.watchers
            }
            for watcher in watchers { watcher.resume() }
        }
        return try result.get()
    }

    /// Returns when a read has stopped.
    func readBegins() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.answers.isEmpty { state.watchers.append(continuation) }
                return !state.answers.isEmpty
            }
            if isThere { continuation.resume() }
        }
    }

    func answer(_ result: Result<Document?, EngineError>) {
        state.withLock { $0.answers.removeFirst() }.resume(returning: result)
    }

    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition { .start }
    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] { [] }
    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        AsyncThrowingStream { nil }
    }
    func currentPosition() async throws(EngineError) -> ChangePosition { .start }
}
