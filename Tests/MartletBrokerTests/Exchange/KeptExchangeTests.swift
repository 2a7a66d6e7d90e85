import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

@Suite("QoS 2 of kept sessions")
struct KeptExchangeTests {
    /// A kept publisher on a new broker over the same store.
    private func publisher(_ world: TestBroker, clean: Bool = false) -> TestClient {
        let client = world.connect("p", clean: clean, expiry: 600)
        world.sync()
        return client
    }

    @Test("PUBREC leaves when message and identifier are on disk, PUBCOMP when the identifier's end is")
    func durable() throws {
        let world = try TestBroker(store: MemoryMessageStore(syncsAtOnce: false))
        let client = publisher(world)
        client.publish("a", "x", qos: .exactlyOnce, id: 3)
        #expect(client.exchange == [])
        world.sync()
        #expect(client.exchange == ["PUBREC 3"])
        client.release(3)
        #expect(client.exchange == ["PUBREC 3"])
        world.sync()
        #expect(client.exchange == ["PUBREC 3", "PUBCOMP 3"])
    }

    @Test("After a crash a repetition is recognised, and PUBREL ends it; then the identifier is new", arguments: [false, true])
    func repetitionAfterCrash(isTakenOver: Bool) throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        var world = try TestBroker(store: store)
        let listener = world.connect("l", clean: false, expiry: 600)
        world.sync()
        listener.subscribe("a", qos: .exactlyOnce)
        world.sync()
        publisher(world).publish("a", "one", qos: .exactlyOnce, id: 3)
        world.sync()
        if !isTakenOver { world = try TestBroker(store: store.afterCrash()) }
        let again = publisher(world)
        #expect(again.connAck?.sessionPresent == true)
        again.publish("a", "one", qos: .exactlyOnce, id: 3)
        again.release(3)
        world.sync()
        #expect(again.exchange == ["PUBREC 3", "PUBCOMP 3"])
        again.publish("a", "two", qos: .exactlyOnce, id: 3)
        world.sync()
        let back = world.connect("l", clean: false, expiry: 600)
        world.sync()
        #expect(back.texts == ["one", "two"])
    }

    @Test("A client that has sent PUBREC gets PUBREL on its return and the message never again, also after a crash", arguments: [false, true])
    func releaseIsRepeated(crashes: Bool) throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        var world = try TestBroker(store: store)
        let first = world.connect("c", clean: false, expiry: 600)
        world.sync()
        first.subscribe("a", qos: .exactlyOnce)
        world.sync()
        world.connect("p").publish("a", "one", qos: .exactlyOnce)
        world.sync()
        first.received(1)
        #expect(first.exchange == [], "PUBREL promises that PUBREC is on disk")
        world.sync()
        #expect(first.exchange == ["PUBREL 1"])
        if crashes { world = try TestBroker(store: store.afterCrash()) } else { first.cut() }
        let second = world.connect("c", clean: false, expiry: 600)
        world.sync()
        #expect(second.exchange == ["PUBREL 1"] && second.texts == [])
        second.complete(1)
        world.sync()
        if crashes { world = try TestBroker(store: store.afterCrash()) } else { second.cut() }
        let third = world.connect("c", clean: false, expiry: 600)
        world.sync()
        #expect(third.exchange == [] && third.texts == [])
    }

    @Test("Before PUBREC the message comes again with DUP and its identifier [MQTT-3.3.1-1] [MQTT-4.4.0-1], and does not expire [MQTT-4.3.3-7]")
    func messageIsRepeated() throws {
        let world = try TestBroker()
        let first = world.connect("c", clean: false, expiry: 600)
        world.sync()
        first.subscribe("a", qos: .exactlyOnce)
        world.sync()
        world.connect("p").publish("a", "one", qos: .exactlyOnce, expiry: 10)
        world.sync()
        first.cut()
        world.advance(seconds: 20)
        let second = world.connect("c", clean: false, expiry: 600)
        world.sync()
        #expect(second.publishes.map(\.packetID) == first.publishes.map(\.packetID))
        #expect(second.publishes.map(\.dup) == [true] && second.publishes.map(\.qos) == [.exactlyOnce])
    }

    @Test("A session that ends takes its exchanges along")
    func end() throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        let world = try TestBroker(store: store)
        let client = publisher(world)
        client.publish("a", "x", qos: .exactlyOnce, id: 3)
        world.sync()
        let fresh = publisher(world, clean: true)
        fresh.publish("a", "x", qos: .exactlyOnce, id: 3)
        fresh.disconnect(expiry: 0)
        world.sync()
        var exchanges = 0
        try store.forEachRecord { _, kind, _ in if kind == .exchange { exchanges += 1 } }
        #expect(exchanges == 0)
    }

    @Test("A long life of exchanges takes few record numbers")
    func numbers() throws {
        let world = try TestBroker()
        let client = publisher(world)
        let before = world.store.makeNumber()
        for _ in 0..<100 {
            client.publish("a", "x", qos: .exactlyOnce, id: 3)
            world.sync()
            client.release(3)
            world.sync()
        }
        #expect(world.store.makeNumber().rawValue - before.rawValue <= 2)
    }
}
