import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

@Suite("Shared subscriptions")
struct SharedSubscriptionTests {
    private func publish(_ count: Int, _ world: TestBroker, qos: QoS = .atLeastOnce, on loop: Int = 0) {
        let publisher = world.connect("p\(loop)", on: loop)
        for number in 1...count { publisher.publish("t", "\(number)", qos: qos, id: UInt16(number)) }
        world.sync()
    }

    @Test("Members take turns, over loops and versions; every group and every own subscription gets its copy")
    func turns() throws {
        let world = try TestBroker()
        let members = (0..<3).map { world.connect("m\($0)", on: $0 % 2, version: $0 == 0 ? .v3_1_1 : .v5) }
        for member in members { member.subscribe("$share/g/t") }
        let other = world.connect("other")
        other.subscribe("$share/h/+")
        let own = world.connect("own")
        own.subscribe("t")
        publish(30, world)
        #expect(members.map(\.texts.count) == [10, 10, 10])
        #expect(Set(members.flatMap(\.texts)).count == 30)
        #expect(other.texts.count == 30 && own.texts.count == 30)
    }

    @Test("A member without room is passed over; when none has room, one of them keeps the message", arguments: [0, 1])
    func full(publisherLoop: Int) throws {
        let world = try TestBroker()
        let silent = world.connect("silent", on: 0, receiveMaximum: 5)
        let reader = world.connect("reader", on: 1)
        for member in [silent, reader] { member.subscribe("$share/g/t") }
        publish(40, world, on: publisherLoop)
        #expect(silent.texts.count == 5)
        #expect(reader.texts.count == 35)
        reader.cut()
        publish(3, world, on: publisherLoop)
        silent.acknowledge(1)
        #expect(silent.texts.count == 6)
    }

    @Test("A kept member that is away is passed over, and gets what comes while all are away")
    func away() throws {
        let world = try TestBroker()
        let kept = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        kept.subscribe("$share/g/t")
        let here = world.connect("here", on: 1)
        here.subscribe("$share/g/t")
        world.sync()
        kept.cut()
        publish(10, world)
        #expect(here.texts.count == 10)
        here.cut()
        publish(4, world)
        let back = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        #expect(back.texts == ["1", "2", "3", "4"])
    }

    @Test("What comes while all are away waits for whoever is there first: a member that is back, or a new one", arguments: [false, true], [QoS.atLeastOnce, .exactlyOnce])
    func groupQueue(crashes: Bool, qos: QoS) throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        var world = try TestBroker(store: store)
        for name in ["one", "two"] {
            let kept = world.connect(name, clean: false, expiry: 600)
            world.sync()
            kept.subscribe("$share/g/t", qos: .exactlyOnce)
            world.sync()
            kept.cut()
        }
        publish(6, world, qos: qos)
        if crashes { world = try TestBroker(store: store.afterCrash()) }
        world.sync()
        let back = world.connect("two", on: 1, clean: false, expiry: 600, receiveMaximum: 2)
        world.sync()
        #expect(back.texts == ["1", "2"])
        let fresh = world.connect("fresh")
        fresh.subscribe("$share/g/t")
        for _ in 0..<10 { world.sync() }
        #expect(Set(back.texts + fresh.texts).count == back.texts.count + fresh.texts.count)
        #expect(fresh.texts.last == "6")
        for _ in 0..<6 {
            for id in back.publishes.map(\.packetID) { qos == .atLeastOnce ? back.acknowledge(id) : back.received(id) }
            world.sync()
            for id in back.publishes.map(\.packetID) where qos == .exactlyOnce { back.complete(id) }
            world.sync()
        }
        #expect(Set(back.texts + fresh.texts) == ["1", "2", "3", "4", "5", "6"])
        publish(1, world, on: 1)
        #expect((back.texts + fresh.texts).count == 7)
    }

    @Test("The group's queue ends with its last kept member, and leaves nothing in the store")
    func queueEnds() throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        let world = try TestBroker(store: store)
        let kept = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        kept.subscribe("$share/g/t")
        kept.subscribe("$share/g/t", qos: .exactlyOnce)
        world.sync()
        #expect(store.queueNumbers.count == 2)
        kept.unsubscribe("$share/g/t")
        for _ in 0..<3 { world.sync() }
        #expect(store.queueNumbers.count == 1)
        var records: [RecordKind] = []
        try store.forEachRecord { _, kind, _ in records.append(kind) }
        #expect(!records.contains(.shareQueue))
        #expect(world.broker.account(.zero).shareQueues.all.isEmpty)
    }

    @Test("What waits expires while it waits, and goes out with what is left of its expiry")
    func expiry() throws {
        let world = try TestBroker()
        let kept = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        kept.subscribe("$share/g/t")
        world.sync()
        kept.cut()
        let publisher = world.connect("p")
        publisher.publish("t", "short", id: 1, expiry: 5)
        publisher.publish("t", "long", id: 2, expiry: 50)
        world.advance(seconds: 20)
        let back = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        #expect(back.texts == ["long"])
        #expect(back.publishes.map(\.properties.messageExpiryIntervalSeconds) == [30])
    }

    @Test("QoS 0 waits for nobody, and is counted")
    func qosZero() throws {
        let world = try TestBroker()
        let kept = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        kept.subscribe("$share/g/t")
        world.sync()
        kept.cut()
        publish(4, world, qos: .atMostOnce)
        #expect(world.shards.map(\.counters.droppedShareUnavailable).reduce(0, +) == 4)
    }

    @Test("After a restart the members are members again")
    func restart() throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        var world = try TestBroker(store: store)
        let kept = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        kept.subscribe("$share/g/t", identifier: 9)
        world.sync()
        world = try TestBroker(store: store.afterCrash())
        let again = world.connect("kept", clean: false, expiry: 600)
        world.sync()
        publish(2, world)
        #expect(again.texts == ["1", "2"])
        #expect(again.publishes[0].properties.subscriptionIdentifiers == [9])
        again.unsubscribe("$share/g/t")
        world.sync()
        publish(1, world, on: 1)
        #expect(again.texts == ["1", "2"])
    }

    @Test("No retained message comes with a shared subscription")
    func retained() throws {
        let world = try TestBroker()
        world.connect("p").publish("t", "kept", qos: .atMostOnce, retain: true)
        world.sync()
        let member = world.connect("m")
        member.subscribe("$share/g/t")
        #expect(member.texts == [])
        member.subscribe("t")
        #expect(member.texts == ["kept"])
    }

    @Test("A SUBSCRIBE that names a group twice makes one member of it, and the group's queue ends with that one")
    func namedTwice() throws {
        let world = try TestBroker()
        let member = world.connect("m", clean: false, expiry: 60)
        let filter = Subscription("$share/g/t", qos: .atLeastOnce)
        member.send(.subscribe(Subscribe(packetID: 1, subscriptions: [filter, filter])))
        world.sync()
        #expect(world.store.queueNumbers.count == 2)
        member.unsubscribe("$share/g/t")
        world.sync()
        #expect(world.store.queueNumbers.count == 1)
    }

    @Test("Reserved topics stay reserved behind $share")
    func reserved() throws {
        let world = try TestBroker()
        let member = world.connect("m")
        member.subscribe("$share/g/$aws/nonsense")
        #expect(member.subAckCodes == [.topicFilterInvalid])
        member.publish("$share/g/t", "x", id: 4)
        #expect(member.exchange == ["PUBACK 4 0x90"])
    }
}
