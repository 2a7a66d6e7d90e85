import Testing

@Suite("MQTT 5.0, section 2 Control Packet format")
struct HeaderV5Tests {
    @Test("[MQTT-2.1.3-1] Reserved fixed-header bits as prescribed; wrong = Malformed")
    func mqtt_2_1_3_1() throws {
        let world = try World()
        let packets: [(Wire, UInt8)] = [
            (.pubAck(1), 0), (.pubRec(1), 0), (.pubRel(1), 2), (.pubComp(1), 0), (.subscribe(1, ("a", 0)), 2),
            (.unsubscribe(1, "a"), 2), (.pingReq, 0), (.disconnect(), 0), (.auth(0x18), 0),
        ]
        for (packet, prescribed) in packets {
            for flags in UInt8(0)...15 where flags != prescribed { world.expectRefusal(0x81, of: packet.flags(flags)) }
        }
        world.expectAccepted(.pubAck(1), .pubRec(1), .pubRel(1), .pubComp(1), .subscribe(1, ("a", 0)), .unsubscribe(1, "a"))
    }

    @Test("[MQTT-2.2.1-2] QoS 0 PUBLISH has no packet id")
    func mqtt_2_2_1_2() throws {
        let world = try World()
        let listener = world.listener("a")
        // Two bytes that would be an identifier are the Property Length and the payload.
        world.v5().send(.hex("30 05 00 01 61 00 07"))
        listener.expect(.hex("30 05 00 01 61 00 07"))
    }

    @Test("[MQTT-2.2.1-4] Server QoS>0 PUBLISH uses a non-zero unused id")
    func mqtt_2_2_1_4() throws {
        let world = try World()
        let listener = world.listener("a", 2)
        let publisher = world.v5()
        for number in 0..<200 { publisher.send(.publish("a", "\(number)", qos: UInt8(number % 2) + 1, id: UInt16(number + 1))) }
        let ids = listener.takeAll().compactMap(\.packetID)
        #expect(ids.count == 200)
        #expect(Set(ids).count == 200)
        #expect(!ids.contains(0))
    }

    @Test("[MQTT-2.2.1-5] PUBACK/PUBREC/PUBREL/PUBCOMP echo the PUBLISH id")
    func mqtt_2_2_1_5() throws {
        let world = try World()
        let client = world.v5()
        client.send(.publish("a", "", qos: 1, id: 0x1234), .publish("a", "", qos: 2, id: 0xFFFF))
        client.expect(.pubAck(0x1234), .pubRec(0xFFFF))
        client.send(.pubRel(0xFFFF))
        client.expect(.pubComp(0xFFFF))
        let listener = world.listener("b", 2)
        client.send(.publish("b", "", qos: 2, id: 7))
        let id = try #require(try listener.next(.publish).packetID)
        listener.send(.pubRec(id))
        listener.expect(.pubRel(id))
    }

    @Test("[MQTT-2.2.1-6] SUBACK/UNSUBACK echo the request id")
    func mqtt_2_2_1_6() throws {
        let world = try World()
        let client = world.v5()
        client.send(.subscribe(0xFFFF, ("a", 0)), .unsubscribe(0x0102, "a"))
        client.expect(.subAck(0xFFFF, 0), .unsubAck(0x0102, 0))
    }

    @Test("[MQTT-2.2.2-1] No properties is encoded as Property Length 0")
    func mqtt_2_2_2_1() throws {
        let world = try World()
        let listener = world.listener("a", 1)
        world.v5().send(.subscribe(9, ("b", 0)), .publish("a", "x", qos: 1, id: 1))
        listener.expect(.hex("32 07 00 01 61 00 01 00 78"))
        listener.send(.subscribe(5, ("c", 0)), .unsubscribe(6, "c"))
        listener.expect(.hex("90 04 00 05 00 00"), .hex("B0 04 00 06 00 00"))
        // One that leaves Property Length out is not well-formed.
        world.expectRefusal(0x81, of: .hex("30 03 00 01 61"))
    }
}
