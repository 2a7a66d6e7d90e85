import IoTPolicy
import MartletTesting
import Testing

@Suite("MQTT 5.0, section 3.1 CONNECT, session and keep-alive")
struct ConnectSessionV5Tests {
    @Test("[MQTT-3.1.2-4] Clean Start 1: drop existing session, start new")
    func mqtt_3_1_2_4() throws {
        let world = try World()
        let old = world.kept()
        old.subscribe("a", 1)
        old.cut()
        let publisher = world.v5()
        publisher.send(.publish("a", "kept", qos: 1, id: 1))
        let new = world.client(.v5)
        new.send(.connect("keeper", clean: true, properties: [.sessionExpiry(600)]))
        new.expectConnAck(sessionPresent: false)
        publisher.send(.publish("a", "later", qos: 1, id: 2))
        new.expectNothing()
    }

    @Test("[MQTT-3.1.2-5] Clean Start 0 with session: resume")
    func mqtt_3_1_2_5() throws {
        let world = try World()
        let old = world.kept()
        old.subscribe("a", 1)
        old.cut()
        let publisher = world.v5()
        publisher.send(.publish("a", "kept", qos: 1, id: 1))
        let back = world.kept(isPresent: true)
        back.expectPublish("a", "kept", qos: 1)
        publisher.send(.publish("a", "live", qos: 1, id: 2))
        back.expectPublish("a", "live", qos: 1)
    }

    @Test("[MQTT-3.1.2-6] Clean Start 0 without session: create")
    func mqtt_3_1_2_6() throws {
        let world = try World()
        let client = world.kept(isPresent: false)
        client.subscribe("a", 1)
        client.cut()
        world.v5().send(.publish("a", "kept", qos: 1, id: 1))
        world.kept(isPresent: true).expectPublish("a", "kept", qos: 1)
    }

    @Test("[MQTT-3.1.2-22] No packet within 1.5 x keep-alive: close as network failure")
    func mqtt_3_1_2_22() throws {
        let world = try World()
        let listener = world.listener("will")
        let client = world.client(.v5)
        client.send(.connect("a", keepAlive: 10, will: .init("will", "late")))
        client.expectConnAck()
        world.advance(seconds: 14)
        client.send(.pingReq)
        client.expect(.pingResp)
        world.advance(seconds: 14)
        client.expectNothing()
        listener.expectNothing()
        world.advance(seconds: 3)
        client.expectDisconnect(0x8D)
        listener.expect(.publish("will", "late"))
    }

    @Test("[MQTT-3.1.2-23] Session Expiry > 0: store session after close")
    func mqtt_3_1_2_23() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("a", properties: [.sessionExpiry(60)]))
        client.expectConnAck()
        client.cut()
        world.advance(seconds: 58)
        let back = world.client(.v5)
        back.send(.connect("a", clean: false, properties: [.sessionExpiry(0)]))
        back.expectConnAck(sessionPresent: true)
        back.cut()
        let last = world.client(.v5)
        last.send(.connect("a", clean: false))
        last.expectConnAck(sessionPresent: false)
    }

    @Test("[MQTT-3.1.3-2] State is keyed by client id")
    func mqtt_3_1_3_2() throws {
        let world = try World()
        let one = world.kept("one")
        one.subscribe("a", 1)
        one.cut()
        let two = world.kept("two", isPresent: false)
        two.subscribe("b", 1)
        two.cut()
        let publisher = world.v5()
        publisher.send(.publish("a", "for one", qos: 1, id: 1), .publish("b", "for two", qos: 1, id: 2))
        // Ids are compared byte by byte.
        _ = world.kept("One", isPresent: false)
        let first = world.kept("one", isPresent: true)
        let second = world.kept("two", isPresent: true)
        first.expectPublish("a", "for one", qos: 1)
        second.expectPublish("b", "for two", qos: 1)
        first.expectNothing()
        second.expectNothing()
    }

    @Test("[MQTT-3.1.4-2] Failed extra/auth checks: close (after optional CONNACK)")
    func mqtt_3_1_4_2() throws {
        let world = try World(authority: FixedAuthority(policies: [try .allowing("iot:Publish")]))
        world.expectRefusedConnect(0x87, .connect("a"))
        world.expectRefusedConnect(0x8C, .connect("a", properties: [.authenticationMethod("x")]))
        try World().expectAcceptedConnect(.connect("a"))
    }

    @Test("[MQTT-3.1.4-3] Same id connected: DISCONNECT 0x8E to the old one and close it")
    func mqtt_3_1_4_3() throws {
        let world = try World()
        for loop in 0...1 {
            let old = world.v5("same", on: 0)
            let new = world.v5("same", on: loop)
            old.expectDisconnect(0x8E)
            new.expectStanding()
        }
        // Another id is another client.
        let old = world.v5("a")
        _ = world.v5("b")
        old.expectStanding()
    }

    @Test("[MQTT-3.1.4-4] Apply Clean Start handling")
    func mqtt_3_1_4_4() throws {
        let world = try World()
        let old = world.kept()
        old.subscribe("a", 1)
        // The session goes on without a pause, and then does not.
        let new = world.kept(isPresent: true)
        old.expectDisconnect(0x8E)
        let publisher = world.v5()
        publisher.send(.publish("a", "1", qos: 1, id: 1))
        new.expectPublish("a", "1", qos: 1)
        let newest = world.client(.v5)
        newest.send(.connect("keeper", clean: true))
        newest.expectConnAck(sessionPresent: false)
        publisher.send(.publish("a", "2", qos: 1, id: 2))
        newest.expectNothing()
    }

    @Test("[MQTT-3.1.4-5] Accept with CONNACK 0x00")
    func mqtt_3_1_4_5() throws {
        let client = try World().client(.v5)
        client.send(.connect("a"))
        client.expectConnAck(0x00)
        client.expectNothing()
    }

    @Test("[MQTT-3.1.4-6] Rejected CONNECT: process nothing after it except AUTH")
    func mqtt_3_1_4_6() throws {
        let world = try World()
        let listener = world.listener("a")
        world.expectRefusedConnect(0x85, .connect("$a"), .publish("a", "x"), .pingReq, .connect("b"))
        listener.expectNothing()
        let client = world.client(.v5)
        client.send(.connect("b"), .publish("a", "y"))
        listener.expect(.publish("a", "y"))
    }
}
