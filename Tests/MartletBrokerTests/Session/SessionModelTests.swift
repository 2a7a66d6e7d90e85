import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

/// Random publishers, devices, acknowledgements, cuts, commits and crashes, on the real log over a disk in memory,
/// against what MQTT promises: what was acknowledged arrives, in order, and what was settled on disk does not come
/// again.
@Suite("Sessions and their model")
struct SessionModelTests {
    /// What one device must have got, and has.
    private final class Device {
        let id: String
        let filter: String
        var client: TestClient?
        /// Packets of the connection that were looked at.
        var read = 0
        /// Texts in the order in which each was first seen.
        var seen: [String] = []
        var seenOnce: Set<String> = []
        /// Got and not acknowledged when the server died under the connection.
        var seenBeforeCrash: Set<String> = []
        /// Not acknowledged on this connection, by packet identifier.
        var open: [UInt16: String] = [:]
        var acknowledged: Set<String> = []
        /// Acknowledged, and on disk as such.
        var settled: Set<String> = []

        init(_ id: String, _ filter: String) {
            self.id = id
            self.filter = filter
        }
    }

    private final class World {
        let source: SeededRandomSource
        let clock = VirtualClock()
        var disk = MemoryLogDisk()
        var broker: TestBroker
        var publisher: TestClient
        var counter = 0
        /// Sent by the publisher since it connected, by packet identifier.
        var underWay: [UInt16: (topic: String, text: String)] = [:]
        var confirmed: [(topic: String, text: String)] = []
        var retained: [String: Set<String>] = [:]
        /// From then on DUP may be a guess.
        var hasCrashed = false
        let devices: [Device]

        init(seed: UInt64) throws {
            source = SeededRandomSource(seed: seed)
            devices = [Device("a", "t/#"), Device("b", "t/1"), Device("c", "+/2")]
            broker = try Self.start(disk, clock)
            publisher = broker.client()
            try restart(disk)
            for device in devices {
                connect(device, on: 0, clean: true)
                device.client?.subscribe(device.filter)
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

        /// The process is gone and another opens what is left.
        func restart(_ disk: MemoryLogDisk) throws {
            self.disk = disk
            broker = try Self.start(disk, clock)
            underWay = [:]
            hasCrashed = hasCrashed || counter > 0
            for device in devices {
                device.seenBeforeCrash.formUnion(device.open.values)
                // What the device said and the disk did not hear is not settled.
                device.acknowledged = device.settled
                device.client = nil
                device.open = [:]
            }
            commit()
            publisher = broker.connect("publisher", on: 1)
            commit()
        }

        /// Everything that was submitted, and what follows from it, becomes durable.
        func commit() {
            for _ in 0..<4 {
                // As the clock does: what nobody waits for is synced too.
                for shard in broker.shards { shard.syncStore() }
                broker.sync()
            }
            look()
            for device in devices { device.settled.formUnion(device.acknowledged) }
        }

        func connect(_ device: Device, on loop: Int, clean: Bool = false) {
            device.client = broker.connect(device.id, on: loop, clean: clean, expiry: .max, receiveMaximum: 5)
            device.read = 0
            device.open = [:]
        }

        func publish(_ random: inout SeededRandomSource.Generator) {
            guard underWay.count < 50 else { return }
            counter += 1
            let id = UInt16(counter % 60_000 + 1)
            let topic = ["t/1", "t/2", "t/3"].randomElement(using: &random)!
            let isRetained = Int.random(in: 0..<5, using: &random) == 0
            underWay[id] = (topic, "m\(counter)")
            if isRetained { retained[topic, default: []].insert("m\(counter)") }
            publisher.publish(topic, "m\(counter)", retain: isRetained, id: id)
        }

        /// Takes in what clients have got.
        func look() {
            for id in publisher.pubAcks {
                guard let message = underWay.removeValue(forKey: id) else { continue }
                confirmed.append(message)
            }
            publisher.forget()
            for device in devices { look(device) }
        }

        private func look(_ device: Device) {
            guard let client = device.client else { return }
            for publish in client.publishes.dropFirst(device.read) {
                let text = String(buffer: publish.payload)
                #expect(device.open.updateValue(text, forKey: publish.packetID) == nil, "an identifier that is in use")
                #expect(!device.settled.contains(text), "\(device.id) gets \(text) again, which is settled on disk")
                if publish.dup { #expect(device.seenOnce.contains(text) || hasCrashed, "\(text) is no repetition") }
                // On the wire before the crash, so DUP now, whatever the store knew.
                if device.seenBeforeCrash.remove(text) != nil { #expect(publish.dup, "\(text) came before") }
                if device.seenOnce.insert(text).inserted { device.seen.append(text) }
            }
            device.read = client.publishes.count
            #expect(device.open.count <= 5, "the receive maximum")
        }

        func acknowledge(_ device: Device, _ random: inout SeededRandomSource.Generator) {
            guard let (id, text) = device.open.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else { return }
            device.open[id] = nil
            device.acknowledged.insert(text)
            device.client?.acknowledge(id)
            look()
        }
    }

    @Test("What is acknowledged arrives, in order, through cuts and crashes", arguments: 1...15 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        let world = try World(seed: seed)
        var random = world.source.generator()
        for _ in 0..<400 {
            let device = world.devices.randomElement(using: &random)!
            switch Int.random(in: 0..<40, using: &random) {
            case 0..<14: world.publish(&random)
            case 14..<24: world.acknowledge(device, &random)
            case 24..<30: world.commit()
            case 30..<33:
                device.client?.cut()
                device.client = nil
                device.open = [:]
            case 33..<37:
                world.connect(device, on: Int.random(in: 0...1, using: &random))
                world.look()
            case 37: world.broker.advance(seconds: 1)
            case 38: try world.restart(world.disk.afterKill())
            default: try world.restart(world.disk.afterPowerLoss(world.source))
            }
        }
        try drain(world)
        check(world)
    }

    /// Every device comes and takes all that there is for it.
    private func drain(_ world: World) throws {
        try world.restart(world.disk.afterKill())
        for device in world.devices {
            world.connect(device, on: 0)
            for _ in 0..<1000 {
                world.commit()
                guard !device.open.isEmpty else { break }
                for id in device.open.keys.sorted() { device.client?.acknowledge(id) }
                device.open = [:]
                world.look()
            }
        }
    }

    private func check(_ world: World) {
        for device in world.devices {
            for message in world.confirmed where matches(device.filter, message.topic) {
                #expect(device.seenOnce.contains(message.text), "\(device.id) has never got \(message.text)")
            }
            // One publisher, one QoS: the order of first deliveries is that of publishing, and texts are numbered.
            let numbers = device.seen.compactMap { Int($0.dropFirst()) }
            #expect(numbers == numbers.sorted(), "\(device.id): out of order")
        }
        let listener = world.broker.connect("listener")
        listener.subscribe("#", qos: .atMostOnce)
        world.commit()
        for publish in listener.publishes {
            let topic = publish.topic.string
            #expect(publish.retain && world.retained[topic]?.contains(String(buffer: publish.payload)) == true)
        }
        for (topic, texts) in world.retained {
            let last = world.confirmed.last { $0.topic == topic && texts.contains($0.text) }
            guard let last, let kept = listener.publishes.first(where: { $0.topic.string == topic }) else {
                #expect(last == nil, "\(topic): its retained message is lost")
                continue
            }
            let number = Int(String(buffer: kept.payload).dropFirst()) ?? 0
            #expect(number >= Int(last.text.dropFirst())!, "\(topic): an older message came back")
        }
    }

    private func matches(_ filter: String, _ topic: String) -> Bool {
        switch filter {
        case "t/#": true
        case "+/2": topic == "t/2"
        default: filter == topic
        }
    }
}
