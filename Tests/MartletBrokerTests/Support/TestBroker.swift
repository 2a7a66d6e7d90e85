import Logging
import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import NIOEmbedded

@testable import MartletBroker

/// A whole broker on the test's own thread: loops that run when told, a clock that moves when told, a store that is
/// durable when told.
final class TestBroker {
    let clock: VirtualClock
    let store: MemoryMessageStore
    /// Makes what was submitted durable.
    private let commit: () -> Void
    let broker: Broker
    private let time: VirtualLoops
    private(set) var shards: [BrokerShard] = []
    private(set) var clients: [TestClient] = []

    /// - Parameters:
    ///   - store: what an earlier broker left; by default a new one.
    ///   - log: the store instead of that one, and what makes its work durable.
    init(
        loopCount: Int = 2, store: MemoryMessageStore = MemoryMessageStore(), clock: VirtualClock = VirtualClock(),
        limits: BrokerLimits = BrokerLimits(), behaviour: BrokerBehaviour = BrokerBehaviour(),
        abuse: AbuseBudgets = AbuseBudgets(), memory: @escaping @Sendable () -> Int = { 0 }, things: Set<String> = [],
        log: (store: any MessageStore, commit: () -> Void)? = nil
    ) throws {
        self.clock = clock
        self.store = store
        commit = log?.commit ?? { store.sync() }
        time = VirtualLoops(count: loopCount, clock: clock)
        broker = Broker(
            region: "us-east-1", loops: time.loops, limits: limits, behaviour: behaviour,
            authority: FixedAuthority(things: things), store: log?.store ?? store, clock: clock,
            random: SeededRandomSource(seed: 1), logger: Self.logger,
            abuse: AbuseGuard(abuse, clock: clock, logger: Self.logger), memoryProbe: memory)
        try broker.load()
        shards = (0..<loopCount).map { broker.makeShard($0) }
        for shard in shards { shard.closeAllAfterCrash() }
        run()
    }

    var loops: [EmbeddedEventLoop] { time.loops }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs every loop until none has anything to do.
    func run() { time.run() }

    func advance(seconds: Int64) { time.advance(seconds: seconds) }

    func jump(seconds: Int64) { time.jump(seconds: seconds) }

    /// Makes what was submitted durable, and what follows from that.
    func sync() {
        for _ in 0..<2 {
            commit()
            run()
        }
    }

    func client(on loop: Int = 0, address: String = "127.0.0.1", lifetime: ConnectionLifetime? = nil) -> TestClient {
        let client = TestClient(self, loop: loop, address: address, lifetime: lifetime)
        clients.append(client)
        return client
    }

    /// A client that has been answered. A keep-alive of 0 lets it be silent.
    func connect(
        _ id: String, on loop: Int = 0, version: ProtocolVersion = .v5, clean: Bool = true, expiry: UInt32 = 0,
        keepAlive: UInt16 = 0, receiveMaximum: UInt16? = nil, topicAliasMaximum: UInt16? = nil, will: Will? = nil
    ) -> TestClient {
        let client = client(on: loop)
        client.sendConnect(
            id, version: version, clean: clean, expiry: expiry, keepAlive: keepAlive, receiveMaximum: receiveMaximum,
            topicAliasMaximum: topicAliasMaximum, will: will)
        return client
    }
}

extension MemoryMessageStore {
    /// The store as a new process finds it.
    func afterCrash() -> MemoryMessageStore {
        crash()
        return self
    }
}
