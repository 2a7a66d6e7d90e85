import Logging
import MartletBase
import MartletStore
import MartletTesting
import NIOEmbedded
import Testing

@testable import MartletBroker

/// The gateway's connection handler and the whole broker on the test's own thread: channels in memory, loops that run
/// when told, a clock that moves when told, chance from a seed, and a store that outlives `restart`.
final class World {
    let store: MemoryMessageStore
    private let clock = VirtualClock()
    private let loopCount: Int
    private let limits: BrokerLimits
    private let behaviour: BrokerBehaviour
    private let authority: FixedAuthority
    private var time: VirtualLoops
    private(set) var broker: Broker
    private(set) var shards: [BrokerShard] = []
    /// Which process of the server this is; connections to an earlier one are dead.
    private(set) var generation = 0
    private var connectionCount = 0

    init(
        loopCount: Int = 2, limits: BrokerLimits = BrokerLimits(), behaviour: BrokerBehaviour = BrokerBehaviour(),
        authority: FixedAuthority = FixedAuthority(), syncsAtOnce: Bool = true
    ) throws {
        store = MemoryMessageStore(syncsAtOnce: syncsAtOnce)
        self.loopCount = loopCount
        self.limits = limits
        self.behaviour = behaviour
        self.authority = authority
        time = VirtualLoops(count: loopCount, clock: clock)
        broker = Self.broker(time, limits, behaviour, authority, store)
        try start()
    }

    private static func broker(
        _ time: VirtualLoops, _ limits: BrokerLimits, _ behaviour: BrokerBehaviour, _ authority: FixedAuthority,
        _ store: MemoryMessageStore
    ) -> Broker {
        Broker(
            region: "us-east-1", loops: time.loops, limits: limits, behaviour: behaviour, authority: authority, store: store,
            clock: time.clock, random: SeededRandomSource(seed: 1),
            logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
    }

    private func start() throws {
        try broker.load()
        shards = (0..<loopCount).map { broker.makeShard($0) }
        for shard in shards { shard.closeAllAfterCrash() }
        run()
    }

    /// The server dies and a new one finds what the old one had made durable. No client hears a word.
    func restart() throws {
        generation += 1
        store.crash()
        time = VirtualLoops(count: loopCount, clock: clock)
        broker = Self.broker(time, limits, behaviour, authority, store)
        try start()
    }

    var loops: [EmbeddedEventLoop] { time.loops }

    func run() { time.run() }

    /// Time passes, second by second, for the broker and its loops.
    func advance(seconds: Int64) { time.advance(seconds: seconds) }

    /// A network connection that has said nothing yet.
    func client(_ version: Version = .v3_1_1, on loop: Int = 0) -> Client {
        connectionCount += 1
        return Client(self, version, loop: time.loops[loop], shard: shards[loop], port: 1000 + connectionCount)
    }

    /// A client that has been accepted and has read its CONNACK. It has no keep-alive, so that it may be silent.
    func connect(
        _ id: String, _ version: Version = .v3_1_1, on loop: Int = 0, clean: Bool = true, will: Wire.Will? = nil,
        properties: [Property] = [], sessionPresent: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Client {
        let client = client(version, on: loop)
        client.send(.connect(id, clean: clean, will: will, properties: properties))
        client.expectConnAck(sessionPresent: sessionPresent, sourceLocation: sourceLocation)
        return client
    }

    /// One that has also subscribed and read its SUBACK. It is on another loop than `connect`'s clients.
    func subscriber(
        _ filter: String, _ options: UInt8 = 0, as id: String = "subscriber", _ version: Version = .v3_1_1, on loop: Int = 1,
        clean: Bool = true, properties: [Property] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) -> Client {
        let client = connect(
            id, version, on: loop, clean: clean, properties: properties, sourceLocation: sourceLocation)
        client.subscribe(filter, options, sourceLocation: sourceLocation)
        return client
    }
}
