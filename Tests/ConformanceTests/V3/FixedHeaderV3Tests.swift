import Testing

@Suite("MQTT 3.1.1, section 2 Fixed header and packet identifiers")
struct FixedHeaderV3Tests {
    @Test("[MQTT-2.2.2-1] The server sends the flags that the table prescribes")
    func mqtt_2_2_2_1() throws {
        let client = try World().client()
        client.send(.connect("c"), .subscribe(1, ("a", 2)), .publish("a", "x", qos: 2, id: 9), .pubRel(9))
        client.send(.pubRec(1), .publish("b", "y", qos: 1, id: 9), .unsubscribe(2, "a"), .pingReq)
        let frames = client.takeAll()
        let types = Set(frames.compactMap(\.type))
        #expect(
            types == [.connAck, .subAck, .pubRec, .publish, .pubComp, .pubRel, .pubAck, .unsubAck, .pingResp])
        for frame in frames where frame.type != .publish {
            #expect(frame.flags == (frame.type == .pubRel ? 2 : 0), "\(frame)")
        }
    }

    @Test("[MQTT-2.2.2-2] Invalid flags close the connection")
    func mqtt_2_2_2_2() throws {
        let world = try World()
        let packets: [Wire] = [
            .pubAck(1), .pubRec(1), .pubRel(1), .pubComp(1), .subscribe(1, ("a", 0)), .unsubscribe(1, "a"), .pingReq,
            .disconnect(),
        ]
        for packet in packets {
            for flags in UInt8(0)...15 where flags != packet.first & 15 {
                let client = world.connect("c")
                client.send(packet.flags(flags))
                client.expectClosed()
            }
        }
        for flags in UInt8(1)...15 {
            let client = world.client()
            client.send(.connect("c").flags(flags))
            client.expectClosed()
        }
    }

    @Test("[MQTT-2.3.1-1] SUBSCRIBE, UNSUBSCRIBE and PUBLISH above QoS 0 need a packet identifier that is not 0")
    func mqtt_2_3_1_1() throws {
        let world = try World()
        let packets: [Wire] = [
            .subscribe(0, ("a", 0)), .unsubscribe(0, "a"), .publish("a", "x", qos: 1, id: 0),
            .publish("a", "x", qos: 2, id: 0),
        ]
        for packet in packets {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed()
        }
        let subscriber = world.subscriber("a", 1)
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1))
        #expect(subscriber.expectPublish("a", "x", qos: 1) != 0)
    }

    @Test("[MQTT-2.3.1-4] A server's PUBLISH has an identifier that is not in use, and the same one when it is sent again")
    func mqtt_2_3_1_4() throws {
        let world = try World()
        let first = world.subscriber("a", 2, as: "s", clean: false)
        let publisher = world.connect("p")
        for (id, text) in ["x", "y", "z"].enumerated() {
            publisher.send(.publish("a", text, qos: UInt8(id % 2 + 1), id: UInt16(id + 1)))
        }
        let x = first.expectPublish("a", "x", qos: 1)
        let y = first.expectPublish("a", "y", qos: 2)
        let z = first.expectPublish("a", "z", qos: 1)
        #expect(Set([x, y, z]).count == 3)
        first.cut()
        let second = world.connect("s", clean: false, sessionPresent: true)
        second.expect(
            .publish("a", "x", qos: 1, id: x, dup: true), .publish("a", "y", qos: 2, id: y, dup: true),
            .publish("a", "z", qos: 1, id: z, dup: true))
    }

    @Test("[MQTT-2.3.1-5] A PUBLISH at QoS 0 has no packet identifier")
    func mqtt_2_3_1_5() throws {
        let world = try World()
        let subscriber = world.subscriber("a", 2)
        world.connect("p").send(.hex("30 05 00 01 61 31 32"))
        subscriber.expect(.hex("30 05 00 01 61 31 32"))
    }

    @Test("[MQTT-2.3.1-6] PUBACK, PUBREC, PUBREL and PUBCOMP have the identifier of their PUBLISH")
    func mqtt_2_3_1_6() throws {
        let world = try World()
        let publisher = world.connect("p")
        publisher.send(.publish("a", "x", qos: 1, id: 0xABCD))
        publisher.expect(.hex("40 02 AB CD"))
        publisher.send(.publish("a", "x", qos: 2, id: 0xBCDE))
        publisher.expect(.hex("50 02 BC DE"))
        publisher.send(.pubRel(0xBCDE))
        publisher.expect(.hex("70 02 BC DE"))

        let subscriber = world.subscriber("a", 2)
        publisher.send(.publish("a", "y", qos: 2, id: 1))
        let id = subscriber.expectPublish("a", "y", qos: 2)
        subscriber.send(.pubRec(id))
        subscriber.expect(.pubRel(id))
    }

    @Test("[MQTT-2.3.1-7] SUBACK and UNSUBACK have the identifier of their request")
    func mqtt_2_3_1_7() throws {
        let client = try World().connect("c")
        client.send(.subscribe(0x1234, ("a", 0)), .unsubscribe(0xFFFF, "a"))
        client.expect(.hex("90 03 12 34 00"), .hex("B0 02 FF FF"))
    }
}
