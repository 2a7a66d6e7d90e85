import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import MartletBroker

/// Coming, going and being taken over, with their events and wills, on a virtual clock (lifecycle-events.md).
@Suite("Presence and wills")
struct PresenceTests {
    /// One line for each event that a listener has got: what happened, to whom, with version and reason.
    private func lines(_ listener: TestClient) -> [String] {
        listener.publishes.compactMap { publish in
            guard let event = try? JSONParser.parse(Array(buffer: publish.payload)) else { return "not JSON" }
            let words = [event["eventType"]?.stringValue, event["clientId"]?.stringValue, event["versionNumber"]?.numberValue?.text, event["disconnectReason"]?.stringValue]
            return words.compactMap(\.self).joined(separator: " ")
        }
    }

    private func listener(_ world: TestBroker, _ filter: String = "$aws/events/presence/#") -> TestClient {
        let listener = world.connect("listener", on: 1, expiry: .max)
        listener.subscribe(filter)
        listener.forget()
        return listener
    }

    private func will(_ text: String, delay: UInt32 = 0) -> Will {
        var properties = Properties()
        if delay > 0 { properties.willDelayIntervalSeconds = delay }
        return Will(
            topic: "wills", payload: ByteBuffer(string: text), qos: .atLeastOnce, retain: false, properties: properties)
    }

    private func wills(_ world: TestBroker) -> TestClient {
        let listener = world.connect("wills", on: 1, expiry: .max)
        listener.subscribe("wills")
        listener.forget()
        return listener
    }

    @Test("Each connection has its two events, with one version and one session identifier", arguments: [0, 1])
    func events(loop: Int) throws {
        let world = try TestBroker()
        let listener = listener(world)
        world.connect("d", on: loop).disconnect()
        world.connect("d", on: 1 - loop).cut()
        #expect(
            lines(listener) == [
                "connected d 0", "disconnected d 0 CLIENT_INITIATED_DISCONNECT", "connected d 1",
                "disconnected d 1 CONNECTION_LOST",
            ])
        let identifiers = listener.publishes.compactMap {
            (try? JSONParser.parse(Array(buffer: $0.payload)))?["sessionIdentifier"]?.stringValue
        }
        #expect(identifiers[0] == identifiers[1] && identifiers[2] == identifiers[3] && identifiers[0] != identifiers[2])
    }

    @Test("An event is told when it is durable, and not before")
    func durable() throws {
        let store = MemoryMessageStore()
        let world = try TestBroker(store: store)
        let listener = listener(world)
        let manual = try TestBroker(store: MemoryMessageStore(syncsAtOnce: false))
        _ = listener
        let other = manual.connect("o", expiry: 0)
        #expect(other.connAck != nil)
        other.subscribe("$aws/events/presence/#", qos: .atMostOnce)
        manual.sync()
        other.forget()
        let device = manual.connect("d")
        #expect(device.connAck != nil)
        #expect(other.publishes.isEmpty)
        manual.sync()
        #expect(lines(other) == ["connected d 0"])
    }

    @Test("Silence for 1.5 times keep-alive ends the connection, with its will and its reason [MQTT-3.1.2-24]")
    func keepAlive() throws {
        let world = try TestBroker()
        let listener = listener(world)
        let wills = wills(world)
        let device = world.connect("d", keepAlive: 4, will: will("gone"))
        world.advance(seconds: 5)
        device.send(.pingReq(PingReq()))
        world.advance(seconds: 6)
        #expect(!device.isClosed)
        world.advance(seconds: 2)
        #expect(device.isClosed)
        #expect(device.disconnectCode == .keepAliveTimeout)
        #expect(wills.texts == ["gone"])
        #expect(lines(listener).last == "disconnected d 0 MQTT_KEEP_ALIVE_TIMEOUT")
    }

    @Test("Take-over: the first is told, its will goes out, and the versions are in order", arguments: [(0, 0), (0, 1), (1, 0)])
    func takeOver(first: Int, second: Int) throws {
        let world = try TestBroker()
        let listener = listener(world)
        let wills = wills(world)
        let old = world.connect("d", on: first, will: will("taken"))
        let new = world.connect("d", on: second)
        #expect(old.disconnectCode == .sessionTakenOver)
        #expect(new.connAck?.reasonCode == .success && !new.isClosed)
        #expect(wills.texts == ["taken"])
        #expect(
            lines(listener).filter { $0.contains(" d ") } == [
                "connected d 0", "disconnected d 0 DUPLICATE_CLIENTID", "connected d 1",
            ])
    }

    @Test("Many at once: one stays, every one that was accepted has both events, in order")
    func storm() throws {
        let world = try TestBroker()
        let listener = listener(world)
        let clients = (0..<20).map { world.client(on: $0 % 2) }
        for client in clients {
            // Without running the loops: the claims overtake each other.
            client.sendConnectOnly("d")
        }
        world.run()
        #expect(clients.filter { !$0.isClosed }.count == 1)
        let lines = lines(listener)
        let connected = lines.filter { $0.hasPrefix("connected") }.count
        #expect(connected >= 1)
        var expected: [String] = []
        for version in 0..<connected {
            expected.append("connected d \(version)")
            if version < connected - 1 { expected.append("disconnected d \(version) DUPLICATE_CLIENTID") }
        }
        #expect(lines == expected)
    }

    /// The handshake has steps: asked, granted on the way, accepted. At each a client may go or be taken over.
    @Test("One that leaves in the middle of its handshake gives the id and the session back", arguments: 0..<4)
    func goneInHandshake(step: Int) throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        let world = try TestBroker(store: store)
        let first = world.connect("d", on: 0, expiry: 600)
        world.sync()
        first.subscribe("a")
        world.sync()
        first.cut()
        world.sync()
        let leaver = world.client(on: 1)
        leaver.sendConnectOnly("d", clean: false, expiry: 600)
        if step >= 1 { for loop in world.loops { loop.run() } }
        if step >= 2 { store.sync() }
        if step >= 3 { for loop in world.loops { loop.run() } }
        leaver.cut()
        world.sync()
        world.sync()
        let publisher = world.connect("p")
        publisher.publish("a", "kept")
        world.sync()
        let back = world.connect("d", clean: false, expiry: 600)
        world.sync()
        world.sync()
        #expect(back.connAck?.sessionPresent == true)
        #expect(back.texts == ["kept"])
    }

    @Test("A delayed will waits, goes when its time is over, and is taken back by a reconnect [MQTT-3.1.3-9]")
    func delayedWill() throws {
        let world = try TestBroker()
        let wills = wills(world)
        world.connect("d", expiry: 600, will: will("late", delay: 10)).cut()
        world.advance(seconds: 9)
        #expect(wills.texts == [])
        world.advance(seconds: 2)
        #expect(wills.texts == ["late"])
        wills.forget()
        world.connect("d", clean: false, expiry: 600, will: will("taken back", delay: 10)).cut()
        world.advance(seconds: 5)
        _ = world.connect("d", clean: false, expiry: 600)
        world.advance(seconds: 20)
        #expect(wills.texts == [])
    }

    @Test("A delayed will does not outlive its session: expiry, clean start, and no kept session at all")
    func willAndSessionEnd() throws {
        let world = try TestBroker()
        let wills = wills(world)
        world.connect("a", expiry: 5, will: will("expired", delay: 100)).cut()
        world.advance(seconds: 7)
        #expect(wills.texts == ["expired"])
        world.connect("b", expiry: 500, will: will("cleaned", delay: 100)).cut()
        _ = world.connect("b")
        #expect(wills.texts.last == "cleaned")
        world.connect("c", will: will("at once", delay: 100)).cut()
        #expect(wills.texts.last == "at once")
        world.connect("e", expiry: 500, will: will("never", delay: 1)).disconnect()
        world.advance(seconds: 5)
        #expect(wills.texts.count == 3)
        world.connect("f", expiry: 500, will: will("asked for")).disconnect(code: .disconnectWithWillMessage)
        #expect(wills.texts.last == "asked for")
    }

    @Test("A delayed will waits over a crash of the server")
    func delayedWillOverCrash() throws {
        let store = MemoryMessageStore()
        let clock = VirtualClock()
        do {
            let world = try TestBroker(store: store, clock: clock)
            _ = wills(world)
            world.connect("d", expiry: 600, will: will("late", delay: 30)).cut()
            store.crash()
        }
        let world = try TestBroker(store: store, clock: clock)
        world.advance(seconds: 31)
        #expect(world.connect("wills", clean: false, expiry: .max).texts == ["late"])
    }

    @Test("A kept listener misses no event of a storm that a crash has ended")
    func stormAndCrash() throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        let clock = VirtualClock()
        do {
            let world = try TestBroker(store: store, clock: clock)
            let listener = world.connect("listener", on: 1, expiry: .max)
            world.sync()
            listener.subscribe("$aws/events/presence/#")
            world.sync()
            for index in 0..<10 {
                world.client(on: index % 2).sendConnectOnly("d")
                world.run()
                if index == 7 { world.sync() }
            }
            // What came after the last sync was never durable, and nobody was told of it.
            store.crash()
        }
        let world = try TestBroker(store: store, clock: clock)
        world.sync()
        let listener = world.connect("listener", clean: false, expiry: .max)
        world.sync()
        world.sync()
        let lines = lines(listener).filter { $0.contains(" d ") }
        var expected = ["connected d 0"]
        for version in 1...7 {
            expected += ["disconnected d \(version - 1) DUPLICATE_CLIENTID", "connected d \(version)"]
        }
        #expect(lines == expected + ["disconnected d 7 SERVER_ERROR"])
    }

    @Test("After a crash, who was connected is told of with SERVER_ERROR and its own version, and its will follows")
    func crash() throws {
        let store = MemoryMessageStore()
        let clock = VirtualClock()
        do {
            let world = try TestBroker(store: store, clock: clock)
            let listener = listener(world)
            _ = wills(world)
            world.connect("d", on: 0).cut()
            _ = world.connect("d", on: 1, will: will("crashed"))
            _ = world.connect("k", on: 0, expiry: 600, will: will("kept, crashed", delay: 5))
            for packet in listener.publishes { listener.acknowledge(packet.packetID) }
            store.crash()
        }
        let world = try TestBroker(store: store, clock: clock)
        let listener = world.connect("listener", clean: false, expiry: .max)
        let lines = lines(listener).filter { $0.contains(" d ") || $0.contains(" k ") }
        #expect(Set(lines) == ["disconnected d 1 SERVER_ERROR", "disconnected k 0 SERVER_ERROR"])
        let wills = world.connect("wills", clean: false, expiry: .max)
        #expect(wills.texts == ["crashed"])
        world.advance(seconds: 7)
        #expect(wills.texts == ["crashed", "kept, crashed"])
        listener.forget()
        _ = world.connect("d")
        #expect(self.lines(listener) == ["connected d 2"])
    }

    @Test("A crash after a crash: each will once, and each connection's end once")
    func crashTwice() throws {
        let store = MemoryMessageStore()
        let clock = VirtualClock()
        do {
            let world = try TestBroker(store: store, clock: clock)
            _ = listener(world)
            _ = wills(world)
            _ = world.connect("d", will: will("crashed"))
            _ = world.connect("k", expiry: 600, will: will("later", delay: 5))
            store.crash()
            _ = try TestBroker(store: store, clock: clock)
            store.crash()
        }
        let world = try TestBroker(store: store, clock: clock)
        world.advance(seconds: 7)
        #expect(world.connect("wills", clean: false, expiry: .max).texts == ["crashed", "later"])
        let lines = lines(world.connect("listener", clean: false, expiry: .max))
        #expect(lines.filter { $0 == "disconnected d 0 SERVER_ERROR" }.count == 1)
        #expect(lines.filter { $0 == "disconnected k 0 SERVER_ERROR" }.count == 1)
    }

    @Test("Versions start again an hour after the last connection, or when a longer session has ended")
    func reset() throws {
        let world = try TestBroker(things: ["thing"])
        let listener = listener(world)
        world.connect("d").cut()
        world.advance(seconds: 1)
        world.connect("k", expiry: 10_000).cut()
        world.connect("thing").cut()
        world.jump(seconds: 3_590)
        world.connect("d").cut()
        world.jump(seconds: 3_610)
        listener.forget()
        world.connect("d").cut()
        world.connect("k", clean: false, expiry: 10_000).cut()
        world.connect("thing").cut()
        #expect(
            lines(listener).filter { $0.hasPrefix("connected") } == ["connected d 0", "connected k 1", "connected thing 0"])
    }

    @Test("What is remembered of a client: a thing for good, another id until the reset")
    func connectivity() async throws {
        let world = try TestBroker(things: ["thing"])
        let thing = ClientKey(account: .zero, clientID: "thing")
        let other = ClientKey(account: .zero, clientID: "other")
        func known(_ key: ClientKey) -> ClientConnectivity? {
            world.shards[Int(world.broker.homeLoop(of: key))].directory[key].flatMap { ClientConnectivity($0.presence) }
        }
        let connected = world.connect("thing")
        #expect(known(thing)?.isConnected == true)
        #expect(known(thing)?.since == world.clock.now())
        world.advance(seconds: 5)
        connected.cut()
        #expect(known(thing)?.isConnected == false)
        #expect(known(thing)?.disconnectReason == .connectionLost)
        world.connect("other").cut()
        world.jump(seconds: 4_000)
        #expect(known(other) == nil)
        #expect(known(thing)?.disconnectReason == .connectionLost)
        world.broker.thingDeleted("thing", in: .zero)
        world.run()
        #expect(known(thing) == nil)
        #expect(world.store.statistics.records == 0)
    }

    @Test("SUBSCRIBE and UNSUBSCRIBE are told of in the order of the client's other events")
    func subscriptions() throws {
        let world = try TestBroker()
        let listener = listener(world, "$aws/events/#")
        let device = world.connect("d", on: 1)
        device.subscribe("a/+")
        device.send(.unsubscribe(Unsubscribe(packetID: 3, filters: ["a/+", "never"])))
        world.run()
        device.disconnect()
        #expect(lines(listener).map { $0.split(separator: " ")[0] } == ["connected", "subscribed", "unsubscribed", "disconnected"])
        let topics = listener.publishes.compactMap {
            (try? JSONParser.parse(Array(buffer: $0.payload)))?["topics"]?.arrayValue?.compactMap(\.stringValue)
        }
        #expect(topics == [["a/+"], ["a/+"]])
        _ = world.connect("with+wildcard")
        #expect(lines(listener).count == 4)
    }
}
