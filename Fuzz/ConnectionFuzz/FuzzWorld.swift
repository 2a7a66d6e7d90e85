import Logging
import MQTTCodec
import MartletBase
import MartletBroker
import MartletStore
import MartletTesting
import NIOCore

/// A whole broker with small limits, two loops, a store in memory and a clock that moves when the script says so.
final class FuzzWorld {
    static let stepLimit = 400
    private static let connectionCount = 4

    let limits = FuzzWorld.limits
    let store: MemoryMessageStore
    private let clock = VirtualClock()
    private(set) var time: VirtualLoops
    private(set) var broker: Broker
    private(set) var shards: [BrokerShard] = []
    private var connections = [FuzzConnection?](repeating: nil, count: connectionCount)
    private var port = 1000
    /// How the next packet goes out.
    private var delivery = Delivery()

    private struct Delivery {
        /// A segment for each byte.
        var isDripped = false
        /// The server does not get to what follows before the next step.
        var isHeld = false
        /// Changes one byte of it.
        var flip: (place: Int, bits: UInt8)?
    }

    /// Small enough for a script to reach every one.
    private static let limits: BrokerLimits = {
        var limits = BrokerLimits()
        limits.packetBytes = 30_000
        limits.packetBytesBeforeConnAck = 1_000
        limits.inflightIn = 3
        limits.inflightOut = 4
        limits.topicAliases = 3
        limits.sessions = 2
        limits.sessionExpiryMaxSeconds = 100
        limits.sessionExpiryV3Seconds = 100
        limits.queuedMessages = 5
        limits.queuedBytes = 60_000
        limits.outboundBytes = 2_000
        limits.retainedMessages = 2
        limits.retainedBytes = 30_000
        limits.connections = 3
        limits.clientsRemembered = 8
        limits.cachedTopicsPerConnection = 4
        limits.subscriptionsPerConnection = 6
        limits.filtersPerSubscribe = 3
        limits.connectTimeoutSeconds = 5
        return limits
    }()

    init(_ script: inout FuzzScript) {
        store = MemoryMessageStore(syncsAtOnce: script.flag(), maxMessages: 5)
        time = VirtualLoops(count: 2, clock: clock)
        broker = Self.makeBroker(time, store)
        start()
    }

    private static func makeBroker(_ time: VirtualLoops, _ store: MemoryMessageStore) -> Broker {
        Broker(
            region: "us-east-1", loops: time.loops, limits: limits, behaviour: BrokerBehaviour(),
            authority: FixedAuthority(things: ["a"]), store: store, clock: time.clock, random: SeededRandomSource(seed: 1),
            logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    }

    private func start() {
        do { try broker.load() } catch { fail("what the broker stored cannot be read: \(error)") }
        shards = time.loops.indices.map { broker.makeShard($0) }
        for shard in shards { shard.closeAllAfterCrash() }
        time.run()
    }

    /// Nobody is left who holds another.
    private func takeDown() {
        for shard in shards { shard.stopClock() }
        broker.dismantle()
        for loop in time.loops { try? loop.syncShutdownGracefully() }
        shards = []
    }

    /// The server dies; the next one finds what was durable.
    private func restart() {
        connections = [FuzzConnection?](repeating: nil, count: Self.connectionCount)
        store.crash()
        takeDown()
        time = VirtualLoops(count: 2, clock: clock)
        broker = Self.makeBroker(time, store)
        start()
    }
}

// MARK: The grammar

extension FuzzWorld {
    /// One step: who, and what.
    func step(_ script: inout FuzzScript) {
        let choice = script.byte()
        let index = Int(choice >> 6)
        trace("connection \(index): step \(choice & 31)")
        switch choice & 31 {
        case 0, 1: send(script.take(script.below(64)), index)
        case 2: open(index)
        case 3: connections[index]?.cut()
        case 4: time.advance(seconds: Int64(1 + script.below(4)))
        case 5: time.jump(seconds: script.pick([10, 61, 101, 1000]))
        case 6: connections[index]?.toggleWritability()
        case 7: store.sync()
        case 8: if script.byte() == 7 { restart() }
        case 9: delivery.isDripped = true
        case 10: delivery.isHeld = true
        case 11: delivery.flip = (script.below(32), script.byte())
        case 12: for packet in connections[index]?.watch.answersDue ?? [] { send(packet, index) }
        default: sendPacket(Int(choice & 31), index, &script)
        }
        if !delivery.isHeld { checkAll() }
    }

    private func sendPacket(_ choice: Int, _ index: Int, _ script: inout FuzzScript) {
        let version = connections[index]?.version ?? .v5
        switch choice {
        case 13, 14:
            if connections[index]?.isOpen != true || script.byte() < 240 { open(index) }
            send(PacketGrammar.connect(&script), index)
        case 15, 16, 17: send(PacketGrammar.subscribe(version, &script), index)
        case 18: send(PacketGrammar.unsubscribe(&script), index)
        case 19: send(.pingReq(PingReq()), index)
        case 20: send(PacketGrammar.disconnect(version, &script), index)
        case 21: send(.auth(Auth()), index)
        case 22...25:
            let types: [PacketType] = [.pubAck, .pubRec, .pubRel, .pubComp]
            let id = script.flag() ? connections[index]?.watch.someOpenIdentifier : nil
            send(PacketGrammar.acknowledgement(types[choice - 22], id: id, &script), index)
        default: send(PacketGrammar.publish(version, &script), index)
        }
    }

    private func open(_ index: Int) {
        connections[index]?.cut()
        checkAll()
        port += 1
        connections[index] = FuzzConnection(self, loop: index % 2, port: port)
    }

    private func send(_ packet: Packet, _ index: Int) {
        guard let connection = connections[index] else { return }
        trace("connection \(index): \(packet)")
        var buffer = ByteBuffer()
        guard (try? packet.encode(into: &buffer, version: connection.version)) != nil else { return }
        send(Array(buffer.readableBytesView), index)
    }

    private func send(_ bytes: [UInt8], _ index: Int) {
        guard let connection = connections[index] else { return }
        var bytes = bytes
        if let flip = delivery.flip, flip.place < bytes.count { bytes[flip.place] ^= flip.bits }
        let isDripped = delivery.isDripped && bytes.count < 200
        delivery = Delivery(isHeld: delivery.isHeld)
        if isDripped { for byte in bytes { connection.send([byte]) } } else { connection.send(bytes) }
        delivery.isHeld = false
    }
}

// MARK: What must hold

extension FuzzWorld {
    private func checkAll() {
        time.run()
        for connection in connections { connection?.collect() }
        let open = connections.reduce(0) { $0 + ($1?.isOpen == true ? 1 : 0) }
        let counted = shards.reduce(0) { $0 + $1.counters.connectionsOpen }
        if open != counted { fail("\(open) connections are open, and \(counted) are counted") }
        if broker.sessionCount > limits.sessions { fail("\(broker.sessionCount) sessions are kept") }
        if broker.retainedCount() > limits.retainedMessages { fail("\(broker.retainedCount()) retained messages") }
    }

    /// Everybody reads, leaves and stays away: nothing may be left of anybody but retained messages.
    func finish() {
        for connection in connections { connection?.setWritable(true) }
        settle()
        for connection in connections { connection?.cut() }
        settle()
        time.jump(seconds: 1_000)
        settle()
        time.jump(seconds: 1_000)
        settle()
        if broker.sessionCount > 0 { fail("\(broker.sessionCount) sessions have not expired") }
        let subscriptions = shards.reduce(0) { $0 + $1.counters.subscriptions }
        if subscriptions != 0 { fail("\(subscriptions) subscriptions of nobody") }
        if !store.queueNumbers.isEmpty { fail("\(store.queueNumbers.count) queues of nobody") }
        connections = []
        store.crash()
        takeDown()
    }

    private func settle() {
        for _ in 0..<4 {
            checkAll()
            store.sync()
        }
        checkAll()
    }
}
