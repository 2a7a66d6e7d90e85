internal import Synchronization

/// A position that only rises, and those who wait for it.
final class PositionSignal: Sendable {
    private struct Waiter {
        let position: ChangePosition
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var reached: ChangePosition
        var ended: EngineError?
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    private let state: Mutex<State>

    init(at position: ChangePosition) { state = Mutex(State(reached: position)) }

    var reached: ChangePosition { state.withLock { $0.reached } }

    func advance(to position: ChangePosition) {
        let served = state.withLock { state in
            state.reached = max(state.reached, position)
            let served = state.waiters.filter { $0.value.position <= state.reached }
            for id in served.keys { state.waiters[id] = nil }
            return served
        }
        for waiter in served.values { waiter.continuation.resume() }
    }

    /// No position will be reached any more: all who wait, and who come to wait, get this error.
    func end(with error: EngineError) {
        let left = state.withLock { state in
            state.ended = error
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in left.values { waiter.continuation.resume(throwing: error) }
    }

    /// Returns when `position` has been reached, at once if it was before.
    /// - Throws: `CancellationError`, or the error that `end(with:)` gave.
    func wait(through position: ChangePosition) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                register(Waiter(position: position, continuation: continuation), id)
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }

    private func register(_ waiter: Waiter, _ id: Int) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.reached >= waiter.position { return .success(()) }
            if let ended = state.ended { return .failure(ended) }
            // A cancellation that came before this lock has found no waiter to wake.
            if Task.isCancelled { return .failure(CancellationError()) }
            state.waiters[id] = waiter
            return nil
        }
        if let outcome { waiter.continuation.resume(with: outcome) }
    }
}
