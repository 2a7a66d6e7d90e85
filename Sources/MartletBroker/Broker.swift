package import Logging
import MQTTCodec
package import MartletBase
package import NIOCore
import Synchronization

/// The broker of one node: a shard per event loop, the accounts they share, and what comes in from outside. Events come
/// in as packets and transports, effects go out as bytes; there is no socket in here.
///
/// The life of a PUBLISH (ARCHITECTURE.md) runs through `BrokerShard+Receive`, `+Publish` and `+Deliver`.
package final class Broker: Sendable {
    package let clock: any WallClock
    package let random: any RandomSource
    package let authority: any ConnectionAuthority
    package let loops: [any EventLoop]
    let mailboxes: [ShardMailbox]
    let topicHasher: TopicHasher
    private let limits: BrokerLimits
    private let behaviour: BrokerBehaviour
    private let logger: Logger
    private let region: String
    private let seed: UInt64
    private let accounts = Mutex<[AccountID: AccountContext]>([:])
    private let openConnections = Atomic<Int>(0)

    package init(
        region: String, loops: [any EventLoop], limits: BrokerLimits, behaviour: BrokerBehaviour,
        authority: any ConnectionAuthority, clock: any WallClock, random: any RandomSource, logger: Logger
    ) {
        self.region = region
        self.loops = loops
        self.limits = limits
        self.behaviour = behaviour
        self.authority = authority
        self.clock = clock
        self.random = random
        self.logger = logger
        seed = random.nextUInt64()
        topicHasher = TopicHasher(seed: seed)
        mailboxes = loops.map { ShardMailbox(loop: $0) }
    }

    var loopCount: Int { loops.count }

    /// Makes the shard of one loop and starts its clock. Called once for each loop, on it.
    package func makeShard(_ index: Int) -> BrokerShard {
        let shard = BrokerShard(
            index: UInt16(index), broker: self, loop: loops[index], limits: limits, behaviour: behaviour,
            logger: logger)
        mailboxes[index].attach(NIOLoopBound(shard, eventLoop: loops[index]))
        shard.start()
        return shard
    }

    package func account(_ id: AccountID) -> AccountContext {
        accounts.withLock { accounts in
            if let context = accounts[id] { return context }
            let context = AccountContext(
                realm: Realm(region: region, account: id),
                subscriptions: SubscriptionIndex(loopCount: loops.count, seed: seed),
                retained: RetainedMessages(
                    seed: seed, countLimit: limits.retainedMessages, byteLimit: limits.retainedBytes))
            accounts[id] = context
            return context
        }
    }

    /// The loop that serialises CONNECT and take-over of a client id.
    func homeLoop(of key: ClientKey) -> UInt16 {
        var hasher = Hasher()
        hasher.combine(key)
        return UInt16(UInt(bitPattern: hasher.finalize()) % UInt(loops.count))
    }

    /// What a socket beyond the limits gets.
    enum Admission {
        case welcome
        /// Its CONNECT is answered with the limit.
        case refused(LimitExceeded)
        /// Even answers have a limit: so many wait to be refused that this one is just closed.
        case closed
    }

    /// Connections above the limit that may wait for their refusal.
    private static let refusalRoom = 128

    /// Counts a connection in and compares with `connect.max` and `session.max`; a session lasts as long as its
    /// connection.
    func admitConnection() -> Admission {
        let (_, now) = openConnections.add(1, ordering: .relaxed)
        let (name, limit) =
            limits.sessions < limits.connections
            ? ("session.max", limits.sessions) : ("connect.max", limits.connections)
        if now <= limit { return .welcome }
        if now <= limit + Self.refusalRoom {
            return .refused(LimitExceeded(name, limit: limit, asked: now, reasonCode: .quotaExceeded))
        }
        giveConnectionBack()
        return .closed
    }

    func giveConnectionBack() { openConnections.subtract(1, ordering: .relaxed) }
}

// MARK: The control plane's questions

extension Broker {
    /// Runs `body` on every shard and returns what each said, in loop order.
    private func onEveryShard<Answer: Sendable>(
        _ body: @escaping @Sendable (BrokerShard, @escaping @Sendable (Answer) -> Void) -> Void
    ) async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            for index in loops.indices {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        self.mailboxes[index].post(
                            .run { shard in body(shard) { continuation.resume(returning: (index, $0)) } })
                    }
                }
            }
            var answers: [(Int, Answer)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Returns when every live connection that the change touches has been decided anew, on every loop.
    package func reauthorize(_ affected: AffectedConnections) async {
        _ = await onEveryShard { shard, done in shard.reauthorize(affected) { done(()) } }
    }

    package func counters() async -> BrokerCounters {
        await onEveryShard { shard, done in done(shard.counters) }.reduce(BrokerCounters(), +)
    }

    package func retainedCount() -> Int {
        accounts.withLock { $0.values.reduce(0) { $0 + $1.retained.count } }
    }

    /// Takes no more connections and ends all there are, v5 clients with reason code 0x8B.
    package func drain() async {
        _ = await onEveryShard { shard, done in
            shard.isDraining = true
            for connection in Array(shard.openConnections) { shard.close(connection, .shutdown) }
            shard.stopClock()
            done(())
        }
    }
}
