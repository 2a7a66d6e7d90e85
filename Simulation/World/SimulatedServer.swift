import Logging
import MQTTCodec
import MartletBase
import MartletBroker
import MartletStore
import MartletTesting
import NIOCore
import NIOEmbedded

/// One life of the server: the real broker on the real log, on loops and threads that run when told.
final class SimulatedServer {
    let broker: Broker
    let shards: [BrokerShard]
    private let time: VirtualLoops
    private let writer = ManualExecutor()
    private let reader = ManualExecutor()
    /// The broker does not hold them, and some are nobody else's any more.
    private var connections: [SimulatedConnection] = []

    private static let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    /// Opens what the disk has, and starts.
    init(
        disk: SimulatedDisk, loopCount: Int, clock: VirtualClock, limits: LogLimits, inflightOut: Int
    ) throws(StoreFailure) {
        let (writer, reader) = (writer, reader)
        let store = try EmbeddedMessageStore(
            disk: disk, limits: limits, writer: { writer.add($0) }, reader: { reader.add($0) })
        time = VirtualLoops(count: loopCount, clock: clock)
        var brokerLimits = BrokerLimits()
        brokerLimits.inflightOut = inflightOut
        let broker = Broker(
            region: "us-east-1", loops: time.loops, limits: brokerLimits, behaviour: BrokerBehaviour(),
            authority: FixedAuthority(), store: store, clock: clock, random: SeededRandomSource(seed: 1),
            logger: Self.logger)
        self.broker = broker
        try broker.load()
        shards = time.loops.indices.map { broker.makeShard($0) }
        for shard in shards { shard.closeAllAfterCrash() }
    }

    var loopCount: Int { shards.count }

    /// Runs the loops so often, each after the other: what one hands to another is heard in the same round or the next.
    func runLoops(rounds: Int) {
        for _ in 0..<rounds { for loop in time.loops { loop.run() } }
    }

    /// The store's thread writes all that was submitted.
    func runWriter() { writer.run() }

    /// The store's other thread reads all that was asked for.
    func runReader() { reader.run() }

    func connect(loop: Int, port: Int, version: ProtocolVersion) -> SimulatedConnection {
        let connection = SimulatedConnection(self, loop: loop, port: port, version: version)
        connections.append(connection)
        return connection
    }

    func loop(_ index: Int) -> EmbeddedEventLoop { time.loops[index] }

    /// One second passes.
    func advance() {
        time.clock.advance(seconds: 1)
        for loop in time.loops { loop.advanceTime(by: .seconds(1)) }
    }

    /// The process is gone: nothing of it runs any more.
    func takeDown() {
        for shard in shards { shard.stopClock() }
        broker.dismantle()
        for loop in time.loops { try? loop.syncShutdownGracefully() }
    }
}
