import MartletStore
import Synchronization

/// How far the messages that follow from commits have been published. It is stored with later commits, now and then:
/// after a crash everything since is published again, so that nothing is lost and some of it comes twice.
final class ShadowProgress: Sendable {
    private struct State {
        /// The latest position that a commit of this service is known to have.
        var committed: ChangePosition
        /// For each lane at work: its commit, and what it still has to tell, comes after this.
        var underWay: [Int: ChangePosition] = [:]
        /// Something after this could not be told: the next start has to try again.
        var untold: ChangePosition?
        var stored: ChangePosition
        var commitsSinceStored = 0
    }

    /// A store of the position for so many commits.
    private static let commitsPerStore = 100

    private let state = Mutex(State(committed: .start, stored: .start))

    /// All up to `position` has been told; up to `stored`, the store knows it.
    func start(at position: ChangePosition, stored: ChangePosition) {
        state.withLock { state in
            state.committed = position
            state.stored = stored
        }
    }

    /// A lane is about to commit. Returns what is to be written with it, if it is time.
    func begin(lane: Int) -> DocumentWrite? {
        state.withLock { state in
            state.underWay[lane] = state.committed
            state.commitsSinceStored += 1
            guard state.commitsSinceStored >= Self.commitsPerStore else { return nil }
            return Self.write(&state)
        }
    }

    func committed(_ position: ChangePosition) {
        state.withLock { $0.committed = max($0.committed, position) }
    }

    /// The lane is done with its last commit.
    /// - Parameter isTold: false when what the commit had to say could not be kept for those who are away.
    func finish(lane: Int, isTold: Bool) {
        state.withLock { state in
            guard let position = state.underWay.removeValue(forKey: lane), !isTold else { return }
            state.untold = min(state.untold ?? position, position)
        }
    }

    /// What is to be written at the end; nil when it stands there already.
    func last() -> DocumentWrite? { state.withLock { Self.write(&$0) } }

    private static func write(_ state: inout State) -> DocumentWrite? {
        state.commitsSinceStored = 0
        let told = state.underWay.values.min() ?? state.committed
        let position = min(told, state.untold ?? told)
        guard position > state.stored else { return nil }
        state.stored = position
        return write(position)
    }

    static func write(_ position: ChangePosition) -> DocumentWrite {
        .put(KeySpace.serviceProgress("shadows"), Array(String(position.rawValue).utf8))
    }

    /// What an earlier process has stored.
    static func read(_ documents: any DocumentStore) async throws(EngineError) -> ChangePosition? {
        let document = try await documents.get(KeySpace.serviceProgress("shadows"))
        return document.flatMap { Int64(String(decoding: $0.body, as: UTF8.self)) }.map(ChangePosition.init(rawValue:))
    }
}
