import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

/// Sessions that outlive their connections, on both loops, on a virtual clock and a store that is durable when told
/// (mqtt-broker.md section 7).
@Suite("Kept sessions")
struct KeptSessionTests {
    private static let loops = [(0, 0), (0, 1), (1, 0), (1, 1)]

    @Test("What was published while the client was away comes in order when it is back", arguments: loops)
    func away(first: Int, second: Int) throws {
        let world = try TestBroker()
        let device = world.connect("d", on: first, expiry: 600)
        #expect(device.connAck?.sessionPresent == false)
        device.subscribe("cmd/#")
        device.cut()
        let publisher = world.connect("p", on: 1 - first)
        for index in 1...5 { publisher.publish("cmd/x", "\(index)", id: UInt16(index)) }
        #expect(publisher.pubAcks == [1, 2, 3, 4, 5])
        let back = world.connect("d", on: second, clean: false, expiry: 600)
        #expect(back.connAck?.sessionPresent == true)
        #expect(back.texts == ["1", "2", "3", "4", "5"])
        #expect(back.publishes.map(\.packetID) == [1, 2, 3, 4, 5])
        #expect(back.publishes.allSatisfy { !$0.dup && $0.qos == .atLeastOnce })
    }

    @Test("Unacknowledged messages come again with DUP and their identifiers; acknowledged ones do not [MQTT-4.4.0-1]", arguments: loops)
    func repeated(first: Int, second: Int) throws {
        let world = try TestBroker()
        let device = world.connect("d", on: first, version: .v3_1_1, clean: false)
        device.subscribe("cmd/#")
        let publisher = world.connect("p", on: first)
        for text in ["a", "b", "c"] { publisher.publish("cmd/x", text) }
        #expect(device.texts == ["a", "b", "c"])
        device.acknowledge(2)
        device.cut()
        publisher.publish("cmd/x", "d")
        let back = world.connect("d", on: second, version: .v3_1_1, clean: false)
        #expect(back.connAck?.sessionPresent == true)
        #expect(back.texts == ["a", "c", "d"])
        #expect(back.publishes.map(\.packetID) == [1, 3, 4])
        #expect(back.publishes.map(\.dup) == [true, true, false])
    }

    @Test("A crash at any time loses nothing that was durable, and what was sent comes with DUP", arguments: loops)
    func crash(first: Int, second: Int) throws {
        let store = MemoryMessageStore()
        let clock = VirtualClock()
        do {
            let world = try TestBroker(store: store, clock: clock)
            let device = world.connect("d", on: first, expiry: 600)
            device.subscribe("cmd/#")
            let publisher = world.connect("p", on: second)
            for text in ["a", "b"] { publisher.publish("cmd/x", text) }
            device.acknowledge(1)
            store.crash()
        }
        let world = try TestBroker(store: store, clock: clock)
        let publisher = world.connect("p", on: first)
        publisher.publish("cmd/x", "c")
        let back = world.connect("d", on: second, clean: false, expiry: 600)
        #expect(back.connAck?.sessionPresent == true)
        #expect(back.texts == ["b", "c"])
        #expect(back.publishes.map(\.dup) == [true, false])
    }

    @Test("PUBACK, SUBACK and CONNACK of a kept session wait for the store, and PUBACKs keep their order")
    func durability() throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        let world = try TestBroker(store: store)
        let device = world.connect("d", expiry: 600)
        #expect(device.connAck == nil)
        world.sync()
        #expect(device.connAck != nil)
        device.subscribe("cmd/#")
        #expect(!device.hasSubAck)
        world.sync()
        #expect(device.hasSubAck)
        let publisher = world.connect("p")
        #expect(publisher.connAck != nil, "a clean session's CONNACK does not wait")
        publisher.publish("cmd/x", "kept", id: 1)
        publisher.publish("nobody", "not kept", id: 2)
        #expect(publisher.pubAcks == [])
        #expect(device.texts == [])
        world.sync()
        #expect(publisher.pubAcks == [1, 2])
        #expect(device.texts == ["kept"])
        publisher.publish("nobody", "not kept", id: 3)
        #expect(publisher.pubAcks == [1, 2, 3])
    }

    @Test("Clean start ends the old session: its queue and its filters are gone")
    func cleanStart() throws {
        let world = try TestBroker()
        let device = world.connect("d", expiry: 600)
        device.subscribe("cmd/#")
        device.cut()
        let publisher = world.connect("p")
        publisher.publish("cmd/x", "1")
        let again = world.connect("d", clean: true, expiry: 600)
        #expect(again.connAck?.sessionPresent == false)
        publisher.publish("cmd/x", "2")
        #expect(again.texts == [])
        #expect(world.store.statistics.queues == 1)
        #expect(world.broker.sessionCount == 1)
    }

    @Test("A session expires with its interval, and not before; 0xFFFFFFFF never does [MQTT-3.1.2-23]")
    func expiry() throws {
        let world = try TestBroker()
        let short = world.connect("short", expiry: 10)
        short.subscribe("a")
        let long = world.connect("long", on: 1, expiry: .max)
        long.subscribe("a")
        world.advance(seconds: 20)
        #expect(world.broker.sessionCount == 2, "the interval begins with the disconnect")
        short.cut()
        long.cut()
        world.advance(seconds: 9)
        #expect(world.broker.sessionCount == 2)
        world.advance(seconds: 2)
        #expect(world.broker.sessionCount == 1)
        world.jump(seconds: 100 * 365 * 86_400)
        #expect(world.broker.sessionCount == 1)
        #expect(world.connect("short", clean: false, expiry: 10).connAck?.sessionPresent == false)
        #expect(world.connect("long", clean: false, expiry: 10).connAck?.sessionPresent == true)
    }

    @Test("The time that the server was down counts")
    func expiryOverRestart() throws {
        let clock = VirtualClock()
        let store = MemoryMessageStore()
        let world = try TestBroker(store: store, clock: clock)
        world.connect("d", expiry: 100).cut()
        store.crash()
        clock.advance(seconds: 101)
        let next = try TestBroker(store: store, clock: clock)
        next.advance(seconds: 1)
        #expect(next.broker.sessionCount == 0)
        #expect(next.store.statistics.queues == 0)
    }

    @Test("DISCONNECT changes the expiry; 0 ends the session at once, and 0 cannot be raised [MQTT-3.14.2-2]")
    func disconnectExpiry() throws {
        let world = try TestBroker()
        world.connect("d", expiry: 600).disconnect(expiry: 0)
        #expect(world.broker.sessionCount == 0)
        world.connect("d", expiry: 10).disconnect(expiry: 100)
        world.advance(seconds: 50)
        #expect(world.broker.sessionCount == 1)
        let clean = world.connect("c")
        clean.disconnect(expiry: 5)
        #expect(clean.disconnectCode == .protocolError)
    }

    @Test("CONNACK says the expiry that holds where it is not what was asked")
    func cappedExpiry() throws {
        var limits = BrokerLimits()
        limits.sessionExpiryMaxSeconds = 3600
        limits.sessionExpiryV3Seconds = 60
        let world = try TestBroker(limits: limits)
        #expect(world.connect("a", expiry: 3600).connAck?.properties.sessionExpiryIntervalSeconds == nil)
        #expect(world.connect("b", expiry: .max).connAck?.properties.sessionExpiryIntervalSeconds == 3600)
        world.connect("v3", version: .v3_1_1, clean: false).cut()
        world.advance(seconds: 61)
        #expect(world.connect("v3", version: .v3_1_1, clean: false).connAck?.sessionPresent == false)
    }

    @Test("session.max refuses the next one that would be kept, and nobody else")
    func sessionLimit() throws {
        var limits = BrokerLimits()
        limits.sessions = 2
        limits.connections = 100
        let world = try TestBroker(limits: limits)
        world.connect("a", expiry: 10).cut()
        world.connect("b", expiry: 10).cut()
        let third = world.connect("c", expiry: 10)
        #expect(third.connAck?.reasonCode == .quotaExceeded)
        #expect(world.connect("c").connAck?.reasonCode == .success)
        #expect(world.connect("a", clean: false, expiry: 10).connAck?.sessionPresent == true)
    }

    @Test("The queue has room for so many; the newest is dropped and counted")
    func queueLimit() async throws {
        let world = try TestBroker(store: MemoryMessageStore(maxMessages: 3))
        let device = world.connect("d", expiry: 600)
        device.subscribe("a")
        device.cut()
        let publisher = world.connect("p", on: 1)
        for index in 1...5 { publisher.publish("a", "\(index)", id: UInt16(index)) }
        #expect(publisher.pubAcks.count == 5, "accepted and dropped: the publisher cannot help it")
        #expect(world.shards[0].counters.droppedQueueFull + world.shards[1].counters.droppedQueueFull == 2)
        #expect(world.connect("d", clean: false, expiry: 600).texts == ["1", "2", "3"])
    }

    @Test("The receive maximum holds, and each acknowledgement lets the next message go")
    func receiveMaximum() throws {
        let world = try TestBroker()
        let device = world.connect("d", expiry: 600, receiveMaximum: 2)
        device.subscribe("a")
        let publisher = world.connect("p", on: 1)
        for index in 1...5 { publisher.publish("a", "\(index)", id: UInt16(index)) }
        #expect(device.texts == ["1", "2"])
        device.acknowledge(2)
        #expect(device.texts == ["1", "2", "3"])
        device.acknowledge(1)
        device.acknowledge(3)
        #expect(device.texts == ["1", "2", "3", "4", "5"])
    }

    @Test("QoS 0 is for those who are there, and a QoS 0 subscription queues nothing")
    func qosZero() throws {
        let world = try TestBroker()
        let device = world.connect("d", expiry: 600)
        device.subscribe("zero", qos: .atMostOnce)
        device.subscribe("one")
        let publisher = world.connect("p", on: 1)
        publisher.publish("one", "live", qos: .atMostOnce)
        publisher.publish("zero", "also live")
        #expect(device.texts == ["live", "also live"])
        device.cut()
        publisher.publish("one", "lost", qos: .atMostOnce)
        publisher.publish("zero", "lost too")
        #expect(world.connect("d", clean: false, expiry: 600).texts == [])
    }

    @Test("A message that waited has so much of its expiry less, and none that is over comes [MQTT-3.3.2-5, -6]")
    func messageExpiry() throws {
        let world = try TestBroker()
        let device = world.connect("d", expiry: 600)
        device.subscribe("a")
        device.cut()
        let publisher = world.connect("p", on: 1)
        publisher.publish("a", "short", id: 1, expiry: 5)
        publisher.publish("a", "long", id: 2, expiry: 60)
        world.advance(seconds: 10)
        let back = world.connect("d", clean: false, expiry: 600)
        #expect(back.texts == ["long"])
        #expect(back.publishes.first?.properties.messageExpiryIntervalSeconds == 50)
    }

    @Test("Either version takes up what the other has left (profile oasis)")
    func versions() throws {
        let world = try TestBroker()
        let old = world.connect("d", version: .v3_1_1, clean: false)
        old.subscribe("a")
        old.cut()
        world.connect("p").publish("a", "1")
        let new = world.connect("d", clean: false, expiry: 600)
        #expect(new.connAck?.sessionPresent == true)
        #expect(new.texts == ["1"])
    }

    @Test("UNSUBSCRIBE is for good, also over a crash")
    func unsubscribe() throws {
        let store = MemoryMessageStore()
        let clock = VirtualClock()
        let world = try TestBroker(store: store, clock: clock)
        let device = world.connect("d", expiry: 600)
        device.subscribe("a")
        device.subscribe("b/#")
        device.send(.unsubscribe(Unsubscribe(packetID: 9, filters: ["a"])))
        world.run()
        store.crash()
        let next = try TestBroker(store: store, clock: clock)
        let publisher = next.connect("p")
        publisher.publish("a", "no", id: 1)
        publisher.publish("b/c", "yes", id: 2)
        #expect(next.connect("d", clean: false, expiry: 600).texts == ["yes"])
    }

    @Test("Retained messages come with a subscription, stay over a crash, and go for good")
    func retained() throws {
        let store = MemoryMessageStore()
        let clock = VirtualClock()
        let world = try TestBroker(store: store, clock: clock)
        let publisher = world.connect("p")
        publisher.publish("r/1", "one", retain: true)
        publisher.publish("r/2", "two", retain: true)
        publisher.publish("r/3", "three", retain: true, expiry: 5)
        publisher.publish("r/1", "ONE", retain: true)
        publisher.publish("r/2", "", retain: true)
        store.crash()
        clock.advance(seconds: 6)
        let next = try TestBroker(store: store, clock: clock)
        #expect(next.broker.retainedCount() == 2)
        let device = next.connect("d", expiry: 600)
        device.subscribe("r/#")
        #expect(device.texts == ["ONE"])
        #expect(device.publishes.first?.retain == true)
        device.cut()
        #expect(next.connect("d", clean: false, expiry: 600).texts == ["ONE"], "it was not acknowledged")
    }

    @Test("A store that has failed refuses what it would have to keep, and lets the rest go on")
    func storeFailure() throws {
        let world = try TestBroker()
        let device = world.connect("d", expiry: 600)
        device.subscribe("a")
        let publisher = world.connect("p", on: 1)
        world.store.fail(.disk(operation: "fdatasync", file: "x", because: "no"))
        publisher.publish("a", "1", id: 1)
        #expect(publisher.pubAcks == [])
        #expect(publisher.isClosed)
        let other = world.connect("o", on: 1)
        #expect(other.connAck?.reasonCode == .success)
        other.publish("free", "x", id: 1)
        #expect(other.pubAcks == [1])
        #expect(world.connect("k", expiry: 5).connAck?.reasonCode == .quotaExceeded)
    }
}

extension KeptSessionTests {
    @Test("What a commit that was cut in two has left belongs to nobody, and is removed")
    func orphans() throws {
        let store = MemoryMessageStore()
        var batch = StoreBatch()
        let queue = store.makeNumber()
        let number = store.makeNumber()
        batch.openQueue(queue)
        let filter = StoredSubscription(queue: queue, filter: ByteBuffer(string: "a"), options: SubscriptionOptions(qos: 1))
        batch.put(number, .subscription) { filter.write(into: &$0) }
        _ = store.submit(batch, from: 0)
        #expect(store.statistics.queues == 1 && store.statistics.records == 1)
        let world = try TestBroker(store: store)
        #expect(store.statistics.queues == 0 && store.statistics.records == 0)
        #expect(world.broker.sessionCount == 0)
    }
}
