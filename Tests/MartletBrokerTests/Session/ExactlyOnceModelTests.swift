import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

/// A kept publisher and kept subscribers at QoS 2, with acknowledgements at random, cuts, take-overs, kills and losses of
/// power, on the real log over a disk in memory: every message that the publisher gave away arrives exactly once, in order.
@Suite("QoS 2 and its model")
struct ExactlyOnceModelTests {
    /// A client of MQTT 5 as section 4.3.3 wants it: what it has sent and not got confirmed it sends again, in order.
    private final class Publisher {
        enum Step { case publish, release }
        /// In the order of sending.
        var open: [(id: UInt16, text: String, step: Step, wasSent: Bool)] = []
        var client: TestClient?
        var read = 0
        var counter = 0

        func resume() {
            read = 0
            for index in open.indices {
                switch open[index].step {
                case .publish:
                    client?.sendPublish(open[index].text, id: open[index].id, dup: open[index].wasSent)
                    open[index].wasSent = true
                case .release: client?.release(open[index].id)
                }
            }
        }

        func publish() {
            guard open.count < 20, client?.connAck != nil, client?.isClosed == false else { return }
            let id = UInt16(counter % 100 + 1)
            guard !open.contains(where: { $0.id == id }) else { return }
            counter += 1
            open.append((id, "\(counter)", .publish, true))
            client?.sendPublish("\(counter)", id: id, dup: false)
        }

        /// Takes in what the server has answered.
        func look() {
            guard let client else { return }
            let answers = client.exchange
            for answer in answers.dropFirst(read) {
                let parts = answer.split(separator: " ")
                guard let id = UInt16(parts[1]), let index = open.firstIndex(where: { $0.id == id }) else { continue }
                if parts[0] == "PUBREC", open[index].step == .publish {
                    open[index].step = .release
                    client.release(id)
                } else if parts[0] == "PUBCOMP", open[index].step == .release {
                    open.remove(at: index)
                }
            }
            read = answers.count
        }
    }

    private final class Subscriber {
        let id: String
        var client: TestClient?
        var readPublishes = 0
        var readReleases = 0
        /// The client's own state, which outlives its connections: identifiers received and not released.
        var received: Set<UInt16> = []
        var delivered: [String] = []
        /// Acknowledgements that the client will send when it gets round to it.
        var due: [(isComplete: Bool, id: UInt16)] = []

        init(_ id: String) { self.id = id }

        func look() {
            guard let client else { return }
            for publish in client.publishes.dropFirst(readPublishes) {
                if received.insert(publish.packetID).inserted { delivered.append(String(buffer: publish.payload)) }
                due.append((false, publish.packetID))
            }
            readPublishes = client.publishes.count
            let releases = client.exchange.filter { $0.hasPrefix("PUBREL") }
            for release in releases.dropFirst(readReleases) {
                guard let id = UInt16(release.split(separator: " ")[1]) else { continue }
                received.remove(id)
                due.append((true, id))
            }
            readReleases = releases.count
        }

        func answerNext() {
            guard !due.isEmpty else { return }
            let next = due.removeFirst()
            next.isComplete ? client?.complete(next.id) : client?.received(next.id)
        }

        func disconnected() {
            client = nil
            readPublishes = 0
            readReleases = 0
            due = []
        }
    }

    private final class World {
        let source: SeededRandomSource
        let clock = VirtualClock()
        var disk = MemoryLogDisk()
        var broker: TestBroker
        let publisher = Publisher()
        let subscribers = [Subscriber("one"), Subscriber("two")]

        init(seed: UInt64) throws {
            source = SeededRandomSource(seed: seed)
            broker = try Self.start(disk, clock)
            try restart(disk)
            for subscriber in subscribers {
                connect(subscriber, on: 0)
                commit()
                subscriber.client?.subscribe("t", qos: .exactlyOnce)
                commit()
            }
        }

        static func start(_ disk: MemoryLogDisk, _ clock: VirtualClock) throws -> TestBroker {
            let executor = ManualExecutor()
            var limits = LogLimits()
            limits.segmentBytes = 8192
            limits.cleaningSlackBytes = 16_384
            let store = try EmbeddedMessageStore(
                disk: disk, limits: limits, writer: { executor.add($0) }, reader: { executor.add($0) })
            return try TestBroker(clock: clock, log: (store, { executor.run() }))
        }

        func restart(_ disk: MemoryLogDisk) throws {
            self.disk = disk
            publisher.client = nil
            for subscriber in subscribers { subscriber.disconnected() }
            broker = try Self.start(disk, clock)
            commit()
        }

        func connect(_ subscriber: Subscriber, on loop: Int) {
            subscriber.disconnected()
            subscriber.client = broker.connect(subscriber.id, on: loop, clean: false, expiry: .max, receiveMaximum: 4)
        }

        func connectPublisher(on loop: Int) {
            publisher.client = broker.connect("publisher", on: loop, clean: false, expiry: .max)
            commit()
            if publisher.client?.connAck != nil { publisher.resume() }
        }

        func commit() {
            for _ in 0..<4 {
                for shard in broker.shards { shard.syncStore() }
                broker.sync()
            }
            look()
        }

        func look() {
            publisher.look()
            for subscriber in subscribers { subscriber.look() }
        }
    }

    @Test("Every message arrives exactly once and in order, through cuts, take-overs and crashes", arguments: 1...15 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        let world = try World(seed: seed)
        var random = world.source.generator()
        world.connectPublisher(on: 1)
        for _ in 0..<400 {
            let subscriber = world.subscribers.randomElement(using: &random)!
            let loop = Int.random(in: 0...1, using: &random)
            switch Int.random(in: 0..<40, using: &random) {
            case 0..<12: world.publisher.publish()
            case 12..<22: subscriber.answerNext()
            case 22..<28: world.commit()
            case 28..<31: world.look()
            case 31..<33:
                subscriber.client?.cut()
                subscriber.disconnected()
            case 33..<36: world.connect(subscriber, on: loop)
            case 36: world.publisher.client?.cut()
            case 37: world.connectPublisher(on: loop)
            case 38: try world.restart(world.disk.afterKill())
            default: try world.restart(world.disk.afterPowerLoss(world.source))
            }
        }
        try drain(world)
        #expect(world.publisher.open.isEmpty)
        for subscriber in world.subscribers {
            let numbers = subscriber.delivered.compactMap { Int($0) }
            #expect(Set(numbers).count == numbers.count, "\(subscriber.id) has got a message twice")
            #expect(numbers == numbers.sorted(), "\(subscriber.id): out of order")
            #expect(numbers.count == world.publisher.counter, "\(subscriber.id) has lost a message")
        }
    }

    /// Everybody comes, and every exchange ends.
    private func drain(_ world: World) throws {
        try world.restart(world.disk.afterKill())
        world.connectPublisher(on: 0)
        for subscriber in world.subscribers { world.connect(subscriber, on: 0) }
        for _ in 0..<400 {
            world.commit()
            for subscriber in world.subscribers { while !subscriber.due.isEmpty { subscriber.answerNext() } }
        }
    }
}
