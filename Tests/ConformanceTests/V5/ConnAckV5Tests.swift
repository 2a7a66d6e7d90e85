import IoTPolicy
import MartletTesting
import Testing

@testable import MartletBroker

@Suite("MQTT 5.0, section 3.2 CONNACK")
struct ConnAckV5Tests {
    @Test("[MQTT-3.2.0-1] CONNACK 0x00 precedes any packet other than AUTH")
    func mqtt_3_2_0_1() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("a"), .subscribe(1, ("a", 0)), .publish("a", "x"), .pingReq)
        client.expectConnAck()
        client.expect(.subAck(1, 0), .publish("a", "x"), .pingResp)
        let keeper = world.kept()
        keeper.subscribe("a", 1)
        keeper.cut()
        client.send(.publish("a", "kept", qos: 1, id: 1))
        // What waits in the session comes behind CONNACK; and where CONNACK does not fit, nothing comes.
        world.kept(isPresent: true).expectPublish("a", "kept", qos: 1)
        let tiny = world.client(.v5)
        tiny.send(.connect("tiny", properties: [.maximumPacketSize(6)]), .subscribe(1, ("a", 0)), .pingReq)
        tiny.expectConnAck(0x95)
        tiny.expectClosed()
    }

    @Test("[MQTT-3.2.0-2] At most one CONNACK per connection")
    func mqtt_3_2_0_2() throws {
        let client = try World().client(.v5)
        client.send(.connect("a"), .connect("a"))
        client.expectConnAck()
        client.expectDisconnect(0x82)
    }

    @Test("[MQTT-3.2.2-1] CONNACK flag bits 7..1 are 0")
    func mqtt_3_2_2_1() throws {
        let world = try World()
        let keeper = world.kept()
        #expect(keeper.frames == [])
        keeper.cut()
        for (id, clean, flags) in [("keeper", false, UInt8(1)), ("keeper", true, 0), ("$bad", true, 0)] {
            let client = world.client(.v5)
            client.send(.connect(id, clean: clean, properties: [.sessionExpiry(600)]))
            #expect(try client.next(.connAck).body.first == flags)
            client.cut()
        }
    }

    @Test("[MQTT-3.2.2-2] Clean Start 1 accepted: session present 0")
    func mqtt_3_2_2_2() throws {
        let world = try World()
        world.kept().cut()
        let client = world.client(.v5)
        client.send(.connect("keeper", clean: true))
        client.expectConnAck(sessionPresent: false)
    }

    @Test("[MQTT-3.2.2-3] Clean Start 0: session present reflects stored state")
    func mqtt_3_2_2_3() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("keeper", clean: false, properties: [.sessionExpiry(600)]))
        client.expectConnAck(sessionPresent: false)
        client.cut()
        try world.restart()
        world.kept(isPresent: true).send(.disconnect(0x00, properties: [.sessionExpiry(0)]))
        _ = world.kept(isPresent: false)
    }

    @Test("[MQTT-3.2.2-6] Non-zero code: session present 0")
    func mqtt_3_2_2_6() throws {
        let world = try World()
        world.kept().cut()
        // The session is there, and stays; the refusal says 0 all the same.
        world.expectRefusedConnect(0x8C, .connect("keeper", clean: false, properties: [.authenticationMethod("x")]))
        _ = world.kept(isPresent: true)
    }

    @Test("[MQTT-3.2.2-7] Code >= 0x80: close after CONNACK")
    func mqtt_3_2_2_7() throws {
        let world = try World()
        let refused: [(UInt8, Wire)] = [
            (0x81, .connect("a", flags: 0x03)), (0x82, .connect("a", properties: [.receiveMaximum(0)])), (0x85, .connect("$a")),
            (0x8C, .connect("a", properties: [.authenticationMethod("x")])), (0x90, .connect("a", will: .init("w/#", ""))),
        ]
        for (code, connect) in refused { world.expectRefusedConnect(code, connect) }
        world.expectAcceptedConnect(.connect("a"))
    }

    @Test("[MQTT-3.2.2-8] Use only defined Connect Reason Codes")
    func mqtt_3_2_2_8() throws {
        let defined: Set<UInt8> = [
            0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B,
            0x9C,
            0x9D, 0x9F,
        ]
        let world = try World()
        let closed = try World(authority: FixedAuthority(policies: []))
        let connects: [Wire] = [
            .connect("a"), .connect("$a"), .connect("a", flags: 0x03), .connect("a", properties: [.maximumPacketSize(0)]),
            .connect("a", will: .init("", "")), .connect("a", will: .init("#", "")), .connect("a", will: .init("$aws/x", "")),
            .connect("a", properties: [.authenticationMethod("x")]), .connect("a", properties: [.authenticationData([])]),
            .connect("a", will: .init("w", "", properties: [.topicAlias(1)])), .connect("a", properties: [Property(0, [])]),
            .connect("a", will: .init("w", "", properties: [.responseTopic("#")])),
            .connect("a").remainingLength(hex("80 80 80 02")),
        ]
        for connect in connects {
            for world in [world, closed] {
                let client = world.client(.v5)
                client.send(connect)
                for frame in client.takeAll() {
                    #expect(frame.type == .connAck)
                    #expect(defined.contains(frame.code), "\(frame)")
                }
            }
        }
        world.expectRefusedConnect(0x90, .connect("a", will: .init("#", "")))
        closed.expectRefusedConnect(0x87, .connect("a"))
    }

    @Test("[MQTT-3.2.2-9] If QoS 1 or 2 PUBLISH is unsupported send Maximum QoS (Martlet supports 2)")
    func mqtt_3_2_2_9() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("a"))
        // No Maximum QoS means 2, and so it is.
        #expect(!client.expectConnAck().contains { $0.id == 0x24 })
        client.subscribe("a", 2)
        client.send(.publish("a", "x", qos: 2, id: 1))
        client.expectInAnyOrder(.pubRec(1), .publish("a", "x", qos: 2, id: 1))
    }

    @Test("[MQTT-3.2.2-10] Even then accept SUBSCRIBE asking QoS 0..2")
    func mqtt_3_2_2_10() throws {
        let world = try World()
        let client = world.v5()
        client.send(.subscribe(1, ("a", 0), ("b", 1), ("c", 2)))
        client.expect(.subAck(1, 0, 1, 2))
    }

    @Test("[MQTT-3.2.2-15] Enforce: client packet above server Maximum Packet Size gets 0x95")
    func mqtt_3_2_2_15() throws {
        var limits = BrokerLimits()
        limits.packetBytes = 100
        let world = try World(limits: limits)
        let client = world.client(.v5)
        client.send(.connect("a"))
        #expect(client.expectConnAck().contains(.maximumPacketSize(100)))
        // 6 bytes and the payload.
        client.send(.publish("a", String(repeating: "x", count: 94)))
        client.expectStanding()
        client.send(.publish("a", String(repeating: "x", count: 95)))
        client.expectDisconnect(0x95)
    }

    @Test("[MQTT-3.2.2-16] Empty id: CONNACK must carry a new, unused Assigned Client Identifier")
    func mqtt_3_2_2_16() throws {
        let world = try World()
        let clients = (0..<5).map { _ in world.client(.v5) }
        var ids: Set<String> = []
        for client in clients {
            client.send(.connect(""))
            let value = try #require(client.expectConnAck().first { $0.id == 0x12 }?.value)
            ids.insert(String(decoding: value.dropFirst(2), as: UTF8.self))
        }
        #expect(ids.count == 5)
        // Nobody was taken over.
        for client in clients { client.expectStanding() }
    }

    @Test("[MQTT-3.2.2-19] CONNACK Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_2_2_19() throws {
        let world = try World()
        let wide = world.client(.v5)
        wide.send(.connect("$a"))
        #expect(wide.expectConnAck(0x85).contains { $0.id == Property.reasonStringID })
        let narrow = world.client(.v5)
        narrow.send(.connect("$a", properties: [.maximumPacketSize(20)]))
        narrow.expect(.hex("20 03 00 85 00"))
        narrow.expectClosed()
    }

    @Test("[MQTT-3.2.2-20] CONNACK User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_2_2_20() throws {
        let world = try World()
        for connect in [
            Wire.connect("$a", properties: [.maximumPacketSize(20)]), .connect("a", properties: [.maximumPacketSize(20)]),
        ] {
            let client = world.client(.v5)
            client.send(connect)
            let frame = try client.next(.connAck)
            #expect(frame.bytes.count <= 20)
            #expect(frame.property(Property.userID) == nil)
        }
    }

    @Test("[MQTT-3.2.2-22] No Server Keep Alive sent: honour the client value")
    func mqtt_3_2_2_22() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("a", keepAlive: 4))
        #expect(!client.expectConnAck().contains { $0.id == 0x13 })
        world.advance(seconds: 5)
        client.expectNothing()
        world.advance(seconds: 3)
        client.expectDisconnect(0x8D)
        // Where the server's own value stands in CONNACK, that is the one.
        var limits = BrokerLimits()
        limits.keepAliveMaxSeconds = 10
        let strict = try World(limits: limits)
        let other = strict.client(.v5)
        other.send(.connect("a", keepAlive: 60))
        #expect(other.expectConnAck().contains(.serverKeepAlive(10)))
        strict.advance(seconds: 14)
        other.expectNothing()
        strict.advance(seconds: 3)
        other.expectDisconnect(0x8D)
    }
}
