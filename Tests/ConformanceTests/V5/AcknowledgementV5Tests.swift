import Testing

@Suite("MQTT 5.0, sections 3.4 to 3.7 PUBACK, PUBREC, PUBREL and PUBCOMP")
struct AcknowledgementV5Tests {
    @Test("[MQTT-3.4.2-1] PUBACK uses defined codes")
    func mqtt_3_4_2_1() throws {
        try expectAnswers(qos: 1, .pubAck, allowed: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])
        let world = try World()
        for code: UInt8 in [0x01, 0x92, 0xFF] { world.expectRefusal(0x82, of: .pubAck(1, code: code)) }
        world.expectAccepted(
            .pubAck(1, code: 0x10), .pubAck(1, code: 0x80, properties: [.reasonString("why"), .user("k", "v")]))
    }

    @Test("[MQTT-3.4.2-2] PUBACK Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_4_2_2() throws {
        try expectReasonStringLeftOut(.publish("$aws/unknown", "", qos: 1, id: 1), "40 03 00 01 90")
    }

    @Test("[MQTT-3.4.2-3] PUBACK User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_4_2_3() throws {
        try expectNoUserProperties(.publish("$aws/unknown", "", qos: 1, id: 1), .pubAck)
    }

    @Test("[MQTT-3.5.2-1] PUBREC uses defined codes")
    func mqtt_3_5_2_1() throws {
        try expectAnswers(qos: 2, .pubRec, allowed: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])
        let world = try World()
        for code: UInt8 in [0x01, 0x92, 0xFF] { world.expectRefusal(0x82, of: .pubRec(1, code: code)) }
        world.expectAccepted(
            .pubRec(1, code: 0x10), .pubRec(1, code: 0x80, properties: [.reasonString("why"), .user("k", "v")]))
    }

    @Test("[MQTT-3.5.2-2] PUBREC Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_5_2_2() throws {
        try expectReasonStringLeftOut(.publish("$aws/unknown", "", qos: 2, id: 1), "50 03 00 01 90")
    }

    @Test("[MQTT-3.5.2-3] PUBREC User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_5_2_3() throws {
        try expectNoUserProperties(.publish("$aws/unknown", "", qos: 2, id: 1), .pubRec)
    }

    @Test("[MQTT-3.6.1-1] PUBREL flags 0010, else Malformed and close")
    func mqtt_3_6_1_1() throws {
        let world = try World()
        for flags in UInt8(0)...15 where flags != 2 { world.expectRefusal(0x81, of: Wire.pubRel(1).flags(flags)) }
        let client = world.v5()
        client.send(.publish("a", "", qos: 2, id: 1), .pubRel(1))
        client.expect(.pubRec(1), .pubComp(1))
    }

    @Test("[MQTT-3.6.2-1] PUBREL uses defined codes")
    func mqtt_3_6_2_1() throws {
        let world = try World()
        let listener = world.listener("a", 2)
        world.v5().send(.publish("a", "", qos: 2, id: 1))
        let id = listener.expectPublish("a", "", qos: 2)
        listener.send(.pubRec(id), .pubRec(99))
        listener.expect(.pubRel(id), .pubRel(99, code: 0x92))
        for code: UInt8 in [0x01, 0x80, 0x91, 0xFF] { world.expectRefusal(0x82, of: .pubRel(1, code: code)) }
        world.expectAccepted(.pubRel(1, code: 0x92, properties: [.reasonString("why"), .user("k", "v")]))
    }

    @Test("[MQTT-3.6.2-2] PUBREL Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_6_2_2() throws {
        try expectNoReasonString(.pubRec(9), .pubRel)
    }

    @Test("[MQTT-3.6.2-3] PUBREL User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_6_2_3() throws {
        try expectNoUserProperties(.pubRec(9), .pubRel)
    }

    @Test("[MQTT-3.7.2-1] PUBCOMP uses defined codes")
    func mqtt_3_7_2_1() throws {
        let world = try World()
        let client = world.v5()
        client.send(.publish("a", "", qos: 2, id: 1), .pubRel(1), .pubRel(1))
        client.expect(.pubRec(1), .pubComp(1), .pubComp(1, code: 0x92))
        for code: UInt8 in [0x01, 0x80, 0x91, 0xFF] { world.expectRefusal(0x82, of: .pubComp(1, code: code)) }
        world.expectAccepted(.pubComp(1, code: 0x92, properties: [.reasonString("why"), .user("k", "v")]))
    }

    @Test("[MQTT-3.7.2-2] PUBCOMP Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_7_2_2() throws {
        try expectNoReasonString(.pubRel(9), .pubComp)
    }

    @Test("[MQTT-3.7.2-3] PUBCOMP User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_7_2_3() throws {
        try expectNoUserProperties(.pubRel(9), .pubComp)
    }
}
