import Testing

@Suite("MQTT 5.0, sections 3.10 to 3.12 UNSUBSCRIBE, UNSUBACK and PINGREQ")
struct UnsubscribeV5Tests {
    @Test("[MQTT-3.10.1-1] UNSUBSCRIBE flags 0010, else Malformed and close")
    func mqtt_3_10_1_1() throws {
        let world = try World()
        for flags in UInt8(0)...15 where flags != 2 { world.expectRefusal(0x81, of: Wire.unsubscribe(1, "a").flags(flags)) }
        world.expectAccepted(.unsubscribe(1, "a"))
    }

    @Test("[MQTT-3.10.3-1] UNSUBSCRIBE filters valid UTF-8")
    func mqtt_3_10_3_1() throws {
        let world = try World()
        for illFormed in ["FF", "C3 28", "ED A0 80"] {
            world.expectRefusal(0x81, of: Wire.unsubscribe(1).appending(field(hex(illFormed))))
        }
        world.expectAccepted(.unsubscribe(1, "\u{E9}"))
    }

    @Test("[MQTT-3.10.3-2] At least one filter")
    func mqtt_3_10_3_2() throws {
        let world = try World()
        world.expectRefusal(0x82, of: .unsubscribe(1))
        world.expectRefusal(0x82, of: .unsubscribe(1, properties: [.user("k", "v")]))
        world.expectAccepted(.unsubscribe(1, "a"))
    }

    @Test("[MQTT-3.10.4-1] Exact character comparison deletes")
    func mqtt_3_10_4_1() throws {
        let world = try World()
        let client = world.listener("a/+")
        for (index, filter) in ["a/b", "a/#", "A/+", "a/+/", "/a/+", "+/+", "$share/g/a/+"].enumerated() {
            client.send(.unsubscribe(UInt16(index + 1), filter))
            client.expect(.unsubAck(UInt16(index + 1), 0x11))
        }
        let publisher = world.v5()
        publisher.send(.publish("a/b", "1"))
        client.expect(.publish("a/b", "1"))
        client.send(.unsubscribe(9, "a/+"))
        client.expect(.unsubAck(9, 0))
        publisher.send(.publish("a/b", "2"))
        client.expectNothing()
    }

    @Test("[MQTT-3.10.4-2] No new messages after deletion")
    func mqtt_3_10_4_2() throws {
        let world = try World()
        let publisher = world.v5()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.subscribe("a", 2)
            client.send(.unsubscribe(2, "a"))
            client.expect(.unsubAck(2, 0))
            for qos: UInt8 in 0...2 { publisher.send(.publish("a", "x", qos: qos, id: qos == 0 ? nil : UInt16(qos))) }
            publisher.send(.pubRel(2))
            client.expectNothing()
            client.cut()
        }
        world.kept(isPresent: true).expectNothing()
    }

    @Test("[MQTT-3.10.4-3] Complete started QoS 1/2 deliveries")
    func mqtt_3_10_4_3() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 2)
        world.v5().send(.publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 2, id: 2), .publish("a", "3", qos: 2, id: 3))
        let one = keeper.expectPublish("a", "1", qos: 1)
        let two = keeper.expectPublish("a", "2", qos: 2)
        let three = keeper.expectPublish("a", "3", qos: 2)
        keeper.send(.unsubscribe(2, "a"), .pubRec(two))
        keeper.expect(.unsubAck(2, 0), .pubRel(two))
        keeper.cut()
        let back = world.kept(isPresent: true)
        back.expectInAnyOrder(
            .pubRel(two), .publish("a", "1", qos: 1, id: one, dup: true), .publish("a", "3", qos: 2, id: three, dup: true))
        back.send(.pubAck(one), .pubComp(two), .pubRec(three))
        back.expect(.pubRel(three))
    }

    @Test("[MQTT-3.10.4-4] Answer with UNSUBACK")
    func mqtt_3_10_4_4() throws {
        let client = try World().listener("a")
        client.send(.unsubscribe(1, "a"))
        client.expect(.hex("B0 04 00 01 00 00"))
    }

    @Test("[MQTT-3.10.4-5] Same id, and even when nothing matched (code 0x11)")
    func mqtt_3_10_4_5() throws {
        let client = try World().listener("a")
        for id: UInt16 in [0x00FF, 0xFF00] {
            client.send(.unsubscribe(id, "none", "#/not/valid"))
            client.expect(.unsubAck(id, 0x11, 0x8F))
        }
        client.send(.unsubscribe(0xFFFF, "a"))
        client.expect(.unsubAck(0xFFFF, 0))
    }

    @Test("[MQTT-3.10.4-6] Several filters: sequence semantics, one UNSUBACK")
    func mqtt_3_10_4_6() throws {
        let world = try World()
        let client = world.listener("a")
        client.subscribe("b")
        client.send(.unsubscribe(1, "a", "none", "b", "a"))
        client.expect(.unsubAck(1, 0, 0x11, 0, 0x11))
        client.expectNothing()
        world.v5().send(.publish("a", ""), .publish("b", ""))
        client.expectNothing()
    }

    @Test("[MQTT-3.11.2-1] UNSUBACK Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_11_2_1() throws {
        try expectNoReasonString(.unsubscribe(9, "none"), .unsubAck)
    }

    @Test("[MQTT-3.11.2-2] UNSUBACK User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_11_2_2() throws {
        try expectNoUserProperties(.unsubscribe(9, "none"), .unsubAck)
    }

    @Test("[MQTT-3.11.3-1] UNSUBACK codes in filter order")
    func mqtt_3_11_3_1() throws {
        let client = try World().listener("b")
        client.send(.unsubscribe(1, "a", "b", "c"))
        client.expect(.unsubAck(1, 0x11, 0, 0x11))
    }

    @Test("[MQTT-3.11.3-2] Defined UNSUBACK codes only")
    func mqtt_3_11_3_2() throws {
        let client = try World().listener("a")
        client.send(.publish("x", "", qos: 2, id: 1))
        client.expect(.pubRec(1))
        // The identifier is in use; then there is such a subscription, and then none, and two that are no filters.
        client.send(.unsubscribe(1, "a"), .unsubscribe(2, "a"), .unsubscribe(3, "a", "#/x", "$share/g"))
        client.expect(.unsubAck(1, 0x91), .unsubAck(2, 0x00), .unsubAck(3, 0x11, 0x8F, 0x8F))
    }

    @Test("[MQTT-3.12.4-1] PINGREQ answered by PINGRESP")
    func mqtt_3_12_4_1() throws {
        let client = try World().v5()
        client.send(.pingReq, .pingReq)
        client.expect(.hex("D0 00"), .hex("D0 00"))
        client.expectNothing()
    }
}
