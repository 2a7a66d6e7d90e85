internal import Synchronization

/// Where the open feeds stand, so that what they have not read is not trimmed.
final class FeedHolds: Sendable {
    private struct State {
        var next = 0
        var positions: [Int: ChangePosition] = [:]
    }

    private let state = Mutex(State())

    /// The position of the open feed that is furthest behind; nil when none is open.
    var oldest: ChangePosition? { state.withLock { $0.positions.values.min() } }

    func open(at position: ChangePosition) -> Int {
        state.withLock { state in
            state.next += 1
            state.positions[state.next] = position
            return state.next
        }
    }

    func move(_ hold: Int, to position: ChangePosition) { state.withLock { $0.positions[hold] = position } }

    func close(_ hold: Int) { state.withLock { _ = $0.positions.removeValue(forKey: hold) } }
}
