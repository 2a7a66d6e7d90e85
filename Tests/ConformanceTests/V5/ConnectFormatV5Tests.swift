import Testing

@testable import MartletBroker

@Suite("MQTT 5.0, section 3.1 CONNECT, its form")
struct ConnectFormatV5Tests {
    @Test("[MQTT-3.1.0-1] First packet must be CONNECT")
    func mqtt_3_1_0_1() throws {
        let world = try World()
        for packet in [Wire.pingReq, .publish("a", ""), .subscribe(1, ("a", 0)), .auth(0x18), .disconnect(), .pubAck(1)] {
            let client = world.client(.v5)
            client.send(packet)
            client.expectClosed()
        }
        world.expectAcceptedConnect(.connect("a"))
    }

    @Test("[MQTT-3.1.0-2] Second CONNECT: Protocol Error, close")
    func mqtt_3_1_0_2() throws {
        let world = try World()
        world.expectRefusal(0x82, of: .connect("refused"))
        world.expectRefusal(0x82, of: .connect("somebody else"))
    }

    @Test("[MQTT-3.1.2-1] Protocol name other than MQTT: optional CONNACK 0x84, close")
    func mqtt_3_1_2_1() throws {
        let world = try World()
        for name in ["mqtt", "MQT", "MQTTX", "MQIsdp", ""] {
            let client = world.client(.v5)
            client.send(.connect("a", name: name))
            client.expectVersionRefused()
        }
        world.expectAcceptedConnect(.connect("a", name: "MQTT"))
    }

    @Test("[MQTT-3.1.2-2] Version not served: optional CONNACK 0x84, close")
    func mqtt_3_1_2_2() throws {
        let world = try World()
        for level: UInt8 in [6, 7, 255] {
            let client = world.client(.v5)
            client.send(.connect("a", level: level))
            client.expectVersionRefused()
        }
        world.expectAcceptedConnect(.connect("a", level: 5))
    }

    @Test("[MQTT-3.1.2-3] Reserved CONNECT flag must be 0")
    func mqtt_3_1_2_3() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", flags: 0x03))
        world.expectAcceptedConnect(.connect("a", flags: 0x02))
    }

    @Test("[MQTT-3.1.2-9] Will flag 1: will properties, topic and payload present")
    func mqtt_3_1_2_9() throws {
        let world = try World()
        let parts = [Property.block([]), field("will"), field("gone")]
        // All three parts of a will, then without the last, the last two, and all of them.
        world.expectAcceptedConnect(.connect("a", flags: 0x06).appending(parts.flatMap { $0 }))
        for count in 0..<3 {
            world.expectRefusedConnect(0x81, .connect("a", flags: 0x06).appending(parts.prefix(count).flatMap { $0 }))
        }
    }

    @Test("[MQTT-3.1.2-11] Will flag 0 requires will QoS 0")
    func mqtt_3_1_2_11() throws {
        let world = try World()
        for flags: UInt8 in [0x0A, 0x12, 0x1A] { world.expectRefusedConnect(0x81, .connect("a", flags: flags)) }
        world.expectAcceptedConnect(.connect("a", flags: 0x02))
    }

    @Test("[MQTT-3.1.2-12] Will QoS 0..2; 3 is Malformed")
    func mqtt_3_1_2_12() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", will: .init("w", ""), flags: 0x1E))
        for qos: UInt8 in 0...2 { world.expectAcceptedConnect(.connect("a", will: .init("w", "", qos: qos))) }
    }

    @Test("[MQTT-3.1.2-13] Will flag 0 requires will retain 0")
    func mqtt_3_1_2_13() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", flags: 0x22))
        world.expectAcceptedConnect(.connect("a", will: .init("w", "", retain: true)))
    }

    @Test("[MQTT-3.1.2-16] User-name flag 0: absent")
    func mqtt_3_1_2_16() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", userName: "u", flags: 0x02))
        world.expectAcceptedConnect(.connect("a"))
    }

    @Test("[MQTT-3.1.2-17] User-name flag 1: present")
    func mqtt_3_1_2_17() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", flags: 0x82))
        world.expectAcceptedConnect(.connect("a", userName: "u"))
        world.expectAcceptedConnect(.connect("a", userName: ""))
    }

    @Test("[MQTT-3.1.2-18] Password flag 0: absent")
    func mqtt_3_1_2_18() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", userName: "u", password: "p", flags: 0x82))
        world.expectAcceptedConnect(.connect("a", userName: "u"))
    }

    @Test("[MQTT-3.1.2-19] Password flag 1: present (allowed without user name)")
    func mqtt_3_1_2_19() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", flags: 0x42))
        world.expectRefusedConnect(0x81, .connect("a", userName: "u", flags: 0xC2))
        world.expectAcceptedConnect(.connect("a", password: "p"))
        world.expectAcceptedConnect(.connect("a", userName: "u", password: "p"))
    }

    @Test("[MQTT-3.1.3-1] Payload order: id, will properties, will topic, will payload, user name, password")
    func mqtt_3_1_3_1() throws {
        let world = try World()
        let listener = world.listener("will", 2)
        let client = world.client(.v5)
        // Client id "a", will property Content Type "t", topic "will", payload "gone", user name "u", password "p".
        client.send(
            .hex(
                "10 29 00 04 4D 51 54 54 05 C6 00 00 00 00 01 61 04 03 00 01 74 00 04 77 69 6C 6C 00 04 67 6F 6E 65 00 03 75 73 65 00 03 70 61 73"
            ))
        client.expectConnAck()
        client.cut()
        listener.expect(.publish("will", "gone", properties: [.contentType("t")]))
        // The will's topic before its properties, and the password before the will.
        world.expectRefusedConnect(
            0x81, .connect("a", flags: 0x06).appending(field("will") + Property.block([.contentType("t")]) + field("gone")))
        world.expectRefusedConnect(
            0x81,
            .connect("a", flags: 0x46).appending(
                field("p") + Property.block([.contentType("t")]) + field("will") + field("gone")))
    }

    @Test("[MQTT-3.1.3-3] Client id present and first")
    func mqtt_3_1_3_3() throws {
        let world = try World()
        // Nothing after the properties, and one byte of a length.
        for rest in ["", "00"] {
            world.expectRefusedConnect(0x81, .hex("10 0\(rest.isEmpty ? "B" : "C") 00 04 4D 51 54 54 05 02 00 00 00 " + rest))
        }
        world.expectAcceptedConnect(.hex("10 0E 00 04 4D 51 54 54 05 02 00 00 00 00 01 61"))
    }

    @Test("[MQTT-3.1.3-4] Client id valid UTF-8")
    func mqtt_3_1_3_4() throws {
        let world = try World()
        for bad in ["C3", "FF", "00"] {
            world.expectRefusedConnect(0x81, .bytes(hex("10 0E 00 04 4D 51 54 54 05 02 00 00 00 00 01 " + bad)))
        }
        world.expectAcceptedConnect(.connect("\u{E9}\u{1F600}"))
    }

    @Test("[MQTT-3.1.3-5] Accept 1..23 byte alphanumeric ids")
    func mqtt_3_1_3_5() throws {
        let world = try World()
        for id in ["0", "0123456789ABCDEFGHIJKLM", "NOPQRSTUVWXYZabcdefghi", "jklmnopqrstuvwxyz"] {
            world.expectAcceptedConnect(.connect(id))
        }
    }

    @Test("[MQTT-3.1.3-6] Empty id accepted: assign a unique one")
    func mqtt_3_1_3_6() throws {
        let world = try World()
        var ids: Set<[UInt8]> = []
        for clean in [true, false] {
            for _ in 0..<2 {
                let client = world.client(.v5)
                client.send(.connect("", clean: clean))
                let properties = client.expectConnAck()
                let id = try #require(properties.first { $0.id == 0x12 }?.value)
                #expect(id.count > 2)
                #expect(ids.insert(id).inserted)
                client.expectStanding()
            }
        }
    }

    @Test("[MQTT-3.1.3-7] Continue as if the assigned id were supplied and return it")
    func mqtt_3_1_3_7() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("", clean: false, properties: [.sessionExpiry(600)]))
        let value = try #require(client.expectConnAck().first { $0.id == 0x12 }?.value)
        let id = String(decoding: value.dropFirst(2), as: UTF8.self)
        client.subscribe("a", 1)
        client.cut()
        world.v5().send(.publish("a", "kept", qos: 1, id: 1))
        let back = world.kept(id, isPresent: true)
        back.expectPublish("a", "kept", qos: 1)
        // A client that brings its own id is assigned none.
        let other = world.client(.v5)
        other.send(.connect("mine"))
        #expect(!other.expectConnAck().contains { $0.id == 0x12 })
    }

    @Test("[MQTT-3.1.3-8] Rejected id: optional CONNACK 0x85, close")
    func mqtt_3_1_3_8() throws {
        var limits = BrokerLimits()
        limits.clientIDBytes = 30
        let world = try World(limits: limits)
        world.expectRefusedConnect(0x85, .connect(String(repeating: "x", count: 31)))
        world.expectRefusedConnect(0x85, .connect("$mine"))
        world.expectAcceptedConnect(.connect(String(repeating: "x", count: 30)))
    }

    @Test("[MQTT-3.1.3-11] Will topic valid UTF-8")
    func mqtt_3_1_3_11() throws {
        let world = try World()
        let parts = Property.block([]) + field(hex("77 C3 28")) + field("gone")
        world.expectRefusedConnect(0x81, .connect("a", flags: 0x06).appending(parts))
        world.expectAcceptedConnect(.connect("a", will: .init("w\u{E9}", "gone")))
    }

    @Test("[MQTT-3.1.3-12] User name valid UTF-8")
    func mqtt_3_1_3_12() throws {
        let world = try World()
        world.expectRefusedConnect(0x81, .connect("a", flags: 0x82).appending(field([0xFF])))
        world.expectAcceptedConnect(.connect("a", userName: "\u{E9}"))
    }

    @Test("[MQTT-3.1.4-1] Validate CONNECT format; close on mismatch")
    func mqtt_3_1_4_1() throws {
        let world = try World()
        // A byte too many, a byte too few, a property that CONNECT does not have, one that stands twice, one with a wrong value.
        world.expectRefusedConnect(0x81, .connect("a").appending([0]))
        world.expectRefusedConnect(0x81, .hex("10 0D 00 04 4D 51 54 54 05 02 00 00 00 00 01"))
        world.expectRefusedConnect(0x81, .connect("a", properties: [.topicAlias(1)]))
        world.expectRefusedConnect(0x81, .connect("a", properties: [Property(0x7F, [])]))
        world.expectRefusedConnect(0x82, .connect("a", properties: [.sessionExpiry(1), .sessionExpiry(1)]))
        world.expectRefusedConnect(0x82, .connect("a", properties: [.receiveMaximum(0)]))
        world.expectRefusedConnect(0x82, .connect("a", properties: [.maximumPacketSize(0)]))
        world.expectRefusedConnect(0x82, .connect("a", properties: [.requestProblemInformation(2)]))
        world.expectRefusedConnect(0x82, .connect("a", properties: [.authenticationData([1])]))
        world.expectAcceptedConnect(
            .connect(
                "a",
                properties: [
                    .sessionExpiry(1), .receiveMaximum(1), .maximumPacketSize(100), .topicAliasMaximum(1),
                    .requestResponseInformation(0), .requestProblemInformation(1), .user("k", "v"), .user("k", "v"),
                ]))
    }
}
