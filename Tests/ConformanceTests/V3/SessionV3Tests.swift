import MartletBroker
import Testing

@Suite("MQTT 3.1.1, sections 3.1.2.4, 4.1, 4.4 and 4.5 Sessions")
struct SessionV3Tests {
    @Test("[MQTT-3.1.2-4] Clean session 0: the session of the id goes on, or a new one begins and is kept")
    func mqtt_3_1_2_4() throws {
        let world = try World()
        world.subscriber("a", 1, as: "c", clean: false).send(.disconnect())
        let client = world.connect("c", on: 1, clean: false, sessionPresent: true)
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1))
        client.expectPublish("a", "x", qos: 1)
    }

    @Test("[MQTT-3.1.2-5] What is published at QoS 1 and 2 while the client is away is stored for it", arguments: [false, true])
    func mqtt_3_1_2_5(restarts: Bool) throws {
        let world = try World()
        world.subscriber("a/#", 2, as: "c", clean: false).cut()
        world.connect("p").send(
            .publish("a/1", "x", qos: 1, id: 1), .publish("a/2", "y", qos: 2, id: 2), .pubRel(2), .publish("b", "z", qos: 1, id: 3))
        if restarts { try world.restart() }
        let client = world.connect("c", clean: false, sessionPresent: true)
        client.expectPublish("a/1", "x", qos: 1)
        client.expectPublish("a/2", "y", qos: 2)
        client.expectNothing()
    }

    @Test("[MQTT-3.1.2-6] Clean session 1: the old session is discarded, and the new one ends with its connection")
    func mqtt_3_1_2_6() throws {
        let world = try World()
        let publisher = world.connect("p")
        world.subscriber("a", 1, as: "c", clean: false).cut()
        publisher.send(.publish("a", "old", qos: 1, id: 1))
        let clean = world.connect("c", clean: true)
        clean.expectNothing()
        clean.subscribe("b", 1)
        publisher.send(.publish("b", "unacknowledged", qos: 1, id: 1))
        clean.expectPublish("b", "unacknowledged", qos: 1)
        clean.cut()
        let last = world.connect("c", clean: false, sessionPresent: false)
        publisher.send(.publish("a", "x", qos: 1, id: 1), .publish("b", "y", qos: 1, id: 2))
        last.expectNothing()
    }

    @Test("[MQTT-3.1.2-7] Retained messages are no part of a session and outlive it")
    func mqtt_3_1_2_7() throws {
        let world = try World()
        world.connect("c", clean: false).send(.publish("a", "x", qos: 1, id: 1, retain: true))
        world.connect("c", clean: true).send(.disconnect())
        world.subscriber("a", 1).expectPublish("a", "x", qos: 1, retain: true)
        try world.restart()
        world.subscriber("a", 1).expectPublish("a", "x", qos: 1, retain: true)
    }

    @Test("[MQTT-4.1.0-1] The session's state is kept for the whole session")
    func mqtt_4_1_0_1() throws {
        let world = try World()
        let publisher = world.connect("p")
        let first = world.subscriber("a", 2, as: "c", clean: false)
        publisher.send(.publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 2, id: 2), .pubRel(2))
        let one = first.expectPublish("a", "1", qos: 1)
        let two = first.expectPublish("a", "2", qos: 2)
        first.send(.pubRec(two), .publish("b", "held", qos: 2, id: 77))
        first.expect(.pubRel(two), .pubRec(77))
        first.cut()
        publisher.send(.publish("a", "3", qos: 1, id: 3))
        world.advance(seconds: 100)
        let second = world.connect("c", clean: false, sessionPresent: true)
        second.expectInAnyOrder(
            .publish("a", "1", qos: 1, id: one, dup: true), .pubRel(two), .publish("a", "3", qos: 1, id: three(one, two)))
        second.send(.pubRel(77))
        second.expect(.pubComp(77))
    }

    /// The lowest identifier that is not in use, which is the server's choice.
    private func three(_ one: UInt16, _ two: UInt16) -> UInt16 { max(one, two) + 1 }

    @Test("[MQTT-4.1.0-2] A session lasts at least as long as its connection")
    func mqtt_4_1_0_2() throws {
        var limits = BrokerLimits()
        limits.sessionExpiryV3Seconds = 10
        let world = try World(limits: limits)
        let kept = world.subscriber("a", 1, as: "kept", clean: false)
        let clean = world.subscriber("a", 1, as: "clean")
        world.advance(seconds: 60)
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1))
        kept.expectPublish("a", "x", qos: 1)
        clean.expectPublish("a", "x", qos: 1)
    }

    @Test("[MQTT-4.4.0-1] On reconnect what was not acknowledged is sent again, with the same identifiers", arguments: [false, true])
    func mqtt_4_4_0_1(restarts: Bool) throws {
        let world = try World()
        let first = world.subscriber("a", 2, as: "c", clean: false)
        world.connect("p").send(
            .publish("a", "0", qos: 1, id: 1), .publish("a", "1", qos: 1, id: 2), .publish("a", "2", qos: 2, id: 3),
            .publish("a", "3", qos: 2, id: 4), .pubRel(3), .pubRel(4))
        let ids = (0...3).map { first.expectPublish("a", "\($0)", qos: $0 < 2 ? 1 : 2) }
        first.send(.pubAck(ids[0]), .pubRec(ids[2]))
        first.expect(.pubRel(ids[2]))
        if restarts { try world.restart() } else { first.cut() }
        let second = world.connect("c", clean: false, sessionPresent: true)
        let frames = second.frames
        #expect(frames.contains(Frame(bytes: Wire.pubRel(ids[2]).bytes(.v3_1_1), version: .v3_1_1)))
        let again = frames.filter { $0.type == .publish && $0.topic == "a" }
        #expect(again.map(\.payload).suffix(2) == ["1", "3"])
        for frame in again.suffix(2) { #expect(frame.isDuplicate && ids.contains(frame.packetID ?? 0)) }
        #expect(again.last?.packetID == ids[3])
        #expect(!again.contains { $0.payload == "2" }, "a PUBLISH whose PUBREC has come")
    }

    @Test("[MQTT-4.5.0-1] A message that the server has taken goes to every session that matches")
    func mqtt_4_5_0_1() throws {
        let world = try World()
        let subscribers = (0..<4).map { world.subscriber($0 < 2 ? "a/b" : "a/+", 1, as: "s\($0)", on: $0 % 2) }
        world.subscriber("#", 1, as: "away", clean: false).cut()
        let publisher = world.subscriber("a/b", 1, as: "p", on: 0)
        publisher.send(.publish("a/b", "x", qos: 1, id: 5))
        for subscriber in subscribers {
            subscriber.expectPublish("a/b", "x", qos: 1)
            subscriber.expectNothing()
        }
        publisher.expectInAnyOrder(.publish("a/b", "x", qos: 1, id: 1), .pubAck(5))
        world.connect("away", clean: false, sessionPresent: true).expectPublish("a/b", "x", qos: 1)
    }
}
