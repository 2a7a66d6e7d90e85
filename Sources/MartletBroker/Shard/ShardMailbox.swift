import MartletStore
import NIOConcurrencyHelpers
import NIOCore

/// What other threads have for one loop. The lock is held for an append or a swap; the loop is woken once however many
/// messages come before it looks.
final class ShardMailbox: Sendable {
    private struct State {
        var messages: [ShardMessage] = []
        var isWakeUpUnderWay = false
        var batchBytes = 0
    }

    /// Bytes of deliveries that may wait for a loop before those who publish to it stop reading.
    static let byteLimit = 64 << 20

    private let state = NIOLockedValueBox(State())
    private let loop: any EventLoop
    /// Set once, before the first message.
    private let shard: NIOLockedValueBox<NIOLoopBound<BrokerShard>?> = .init(nil)

    init(loop: any EventLoop) { self.loop = loop }

    /// What came before the shard is worked off at once.
    func attach(_ shard: NIOLoopBound<BrokerShard>) {
        self.shard.withLockedValue { $0 = shard }
        loop.execute { shard.value.drainMailbox() }
    }

    /// What comes from now on is heard by nobody.
    func detach() {
        shard.withLockedValue { $0 = nil }
        _ = take()
    }

    func post(_ message: ShardMessage) { append(message, bytes: 0) }

    /// True when more waits now than the limit; `take` tells the reader, who tells the writers when it is done.
    func post(_ batch: DeliveryBatch) -> Bool { append(.deliver(batch), bytes: batch.byteCount) > Self.byteLimit }

    @discardableResult
    private func append(_ message: ShardMessage, bytes: Int) -> Int {
        let (mustWake, waiting) = state.withLockedValue { state in
            state.messages.append(message)
            state.batchBytes += bytes
            defer { state.isWakeUpUnderWay = true }
            return (!state.isWakeUpUnderWay, state.batchBytes)
        }
        if mustWake, let shard = shard.withLockedValue({ $0 }) {
            loop.execute { shard.value.drainMailbox() }
        }
        return waiting
    }

    func take() -> (messages: [ShardMessage], wasOverloaded: Bool) {
        state.withLockedValue { state in
            state.isWakeUpUnderWay = false
            defer { state.batchBytes = 0 }
            return (exchange(&state.messages, with: []), state.batchBytes > Self.byteLimit)
        }
    }
}

func exchange<Value>(_ place: inout Value, with new: Value) -> Value {
    let old = place
    place = new
    return old
}

/// One thing that another thread asks of a loop. Order between two loops is kept.
enum ShardMessage: Sendable {
    case deliver(DeliveryBatch)
    case directory(DirectoryMessage)
    case stored(StoreReport)
    /// Work of the control plane.
    case run(@Sendable (BrokerShard) -> Void)
}
