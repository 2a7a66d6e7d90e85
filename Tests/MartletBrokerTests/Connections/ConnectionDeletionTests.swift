import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

/// DeleteConnection at the broker: the connection, its will, its session, and when the call is answered.
@Suite("Connections that an operator ends")
struct ConnectionDeletionTests {
    private func will(delay: UInt32 = 0) -> Will {
        var properties = Properties()
        if delay > 0 { properties.willDelayIntervalSeconds = delay }
        return Will(
            topic: "wills", payload: ByteBuffer(string: "gone"), qos: .atLeastOnce, retain: false, properties: properties)
    }

    private func listener(_ world: TestBroker, _ filter: String) -> TestClient {
        let listener = world.connect("listener", on: 1)
        listener.subscribe(filter)
        listener.forget()
        return listener
    }

    @Test("A live connection gets 0x98, its will goes out, and its event says why", arguments: [0, 1], [false, true])
    func live(loop: Int, preventsWill: Bool) throws {
        let world = try TestBroker()
        let wills = listener(world, "wills")
        let device = world.connect("d", on: loop, will: will())
        let events = world.connect("events")
        events.subscribe("$aws/events/presence/disconnected/d")
        #expect(world.delete("d", preventsWill: preventsWill).text == "done")
        #expect(device.disconnectCode == .administrativeAction && device.isClosed)
        #expect(wills.texts == (preventsWill ? [] : ["gone"]))
        #expect(events.texts.count == 1 && events.texts[0].contains(#""disconnectReason":"API_INITIATED_DISCONNECT""#))
        #expect(world.connect("d").connAck?.reasonCode == .success)
    }

    @Test("A kept session stays, unless the call ends it too", arguments: [false, true], [0, 1])
    func session(endsSession: Bool, loop: Int) throws {
        let world = try TestBroker()
        _ = world.connect("d", on: loop, clean: false, expiry: 100)
        #expect(world.delete("d", endsSession: endsSession).text == "done")
        #expect(world.broker.sessionCount == (endsSession ? 0 : 1))
        #expect(world.connect("d", clean: false, expiry: 100).connAck?.sessionPresent == !endsSession)
    }

    @Test("A session whose client is away ends too, and its will waits no longer", arguments: [false, true])
    func away(preventsWill: Bool) throws {
        let world = try TestBroker()
        let wills = listener(world, "wills")
        world.connect("d", clean: false, expiry: 100, will: will(delay: 50)).cut()
        #expect(wills.texts.isEmpty)
        #expect(world.delete("d", endsSession: true, preventsWill: preventsWill).text == "done")
        #expect(world.broker.sessionCount == 0)
        #expect(wills.texts == (preventsWill ? [] : ["gone"]))
        world.advance(seconds: 60)
        #expect(wills.texts == (preventsWill ? [] : ["gone"]))
    }

    @Test("Neither connected nor kept: not found")
    func notFound() throws {
        let world = try TestBroker()
        #expect(world.delete("d").text == "notFound")
        world.connect("d").disconnect()
        #expect(world.delete("d").text == "notFound")
        world.connect("d", clean: false, expiry: 100).disconnect()
        #expect(world.delete("d").text == "done")
        #expect(world.delete("d", endsSession: true).text == "done")
        #expect(world.delete("d", endsSession: true).text == "notFound")
    }

    @Test("The call is answered when the end is on disk")
    func durable() throws {
        let world = try TestBroker(store: MemoryMessageStore(syncsAtOnce: false))
        _ = world.connect("d", clean: false, expiry: 100)
        world.sync()
        let call = world.delete("d", endsSession: true)
        #expect(call.text == nil)
        world.sync()
        #expect(call.text == "done")
    }

    @Test("The end of a session survives a restart")
    func restart() throws {
        let store = MemoryMessageStore()
        let world = try TestBroker(store: store)
        world.connect("d", clean: false, expiry: 100).cut()
        #expect(world.delete("d", endsSession: true).text == "done")
        let next = try TestBroker(store: store, clock: world.clock)
        #expect(next.broker.sessionCount == 0)
    }

    @Test("What was known of a connection is kept for thirty minutes, and as long as its session")
    func remembered() throws {
        let world = try TestBroker()
        func isKnown(_ id: String) -> Bool { if case .away = world.whereabouts(id) { true } else { false } }
        world.connect("clean", keepAlive: 60).disconnect()
        world.connect("kept", clean: false, expiry: 7200).disconnect()
        guard case .away(let status) = world.whereabouts("clean") else {
            Issue.record("it is not known")
            return
        }
        #expect(status.facts?.keepAliveSeconds == 60 && status.facts?.sessionExpirySeconds == nil)
        #expect(status.disconnectReason == .clientInitiatedDisconnect)
        world.jump(seconds: 1799)
        #expect(isKnown("clean") && isKnown("kept"))
        world.jump(seconds: 2)
        #expect(!isKnown("clean") && isKnown("kept"))
    }

    @Test("Live connections are listed in pages by client id, from all loops")
    func list() throws {
        let world = try TestBroker()
        for (index, id) in ["c", "a", "d", "b", "x/1"].enumerated() { _ = world.connect(id, on: index % 2) }
        _ = world.client()
        let first = world.shards[0].connections(in: .zero, prefix: "", after: nil, limit: 2)
        #expect(first.elements.map(\.clientID) == ["c", "d"] && first.hasMore)
        let rest = world.shards[0].connections(in: .zero, prefix: "", after: "d", limit: 2)
        #expect(rest.elements.map(\.clientID) == ["x/1"] && !rest.hasMore)
        #expect(world.shards[1].connections(in: .zero, prefix: "b", after: nil, limit: 2).elements.map(\.clientID) == ["b"])
    }
}
