import NIOConcurrencyHelpers
import NIOCore

/// What other threads have for one loop. The lock is held for an append or a swap; the loop is woken once however many
/// messages come before it looks.
final class ShardMailbox: Sendable {
    private struct State {
        var messages: [ShardMessage] = []
        var isWakeUpUnderWay = false
    }

    private let state = NIOLockedValueBox(State())
    private let loop: any EventLoop
    /// Set once, before the first message.
    private let shard: NIOLockedValueBox<NIOLoopBound<BrokerShard>?> = .init(nil)

    init(loop: any EventLoop) { self.loop = loop }

    func attach(_ shard: NIOLoopBound<BrokerShard>) { self.shard.withLockedValue { $0 = shard } }

    func post(_ message: ShardMessage) {
        let mustWake = state.withLockedValue { state in
            state.messages.append(message)
            defer { state.isWakeUpUnderWay = true }
            return !state.isWakeUpUnderWay
        }
        guard mustWake, let shard = shard.withLockedValue({ $0 }) else { return }
        loop.execute { shard.value.drainMailbox() }
    }

    func take() -> [ShardMessage] {
        state.withLockedValue { state in
            state.isWakeUpUnderWay = false
            return exchange(&state.messages, with: [])
        }
    }
}

private func exchange<Value>(_ place: inout Value, with new: Value) -> Value {
    let old = place
    place = new
    return old
}

/// One thing that another thread asks of a loop. Order between two loops is kept.
enum ShardMessage: Sendable {
    case deliver(DeliveryBatch)
    case directory(DirectoryMessage)
    /// Work of the control plane.
    case run(@Sendable (BrokerShard) -> Void)
}
