import Testing

@Suite("MQTT 5.0, section 1.5 Data representation")
struct DataV5Tests {
    @Test("[MQTT-1.5.4-1] UTF-8 strings well-formed, no surrogates; else Malformed (0x81)")
    func mqtt_1_5_4_1() throws {
        let world = try World()
        for illFormed in ["C3 28", "ED A0 80", "ED BF BF", "F5 80 80 80", "C0 AF", "E2 82"] {
            world.expectRefusal(0x81, of: .publish(topic: hex("61 " + illFormed), payload: []))
            world.expectRefusal(0x81, of: .publish("a", "", properties: [Property(0x03, field(hex(illFormed)))]))
        }
        world.expectAccepted(.publish("a/\u{E9}\u{20AC}\u{1F600}\u{10FFFF}", ""))
    }

    @Test("[MQTT-1.5.4-2] No U+0000 in UTF-8 strings")
    func mqtt_1_5_4_2() throws {
        let world = try World()
        world.expectRefusal(0x81, of: .publish("a\u{0}b", ""))
        world.expectRefusal(0x81, of: .subscribe(1, ("a\u{0}b", 0)))
        world.expectRefusal(0x81, of: .publish("a", "", properties: [.user("k", "\u{0}")]))
        world.expectAccepted(.publish("a\u{1}b", ""), .publish("a", "\u{0}"))
    }

    @Test("[MQTT-1.5.4-3] Keep EF BB BF as U+FEFF")
    func mqtt_1_5_4_3() throws {
        let world = try World()
        let listener = world.listener("\u{FEFF}a")
        let other = world.listener("a", as: "other")
        let publisher = world.v5()
        publisher.send(.publish(topic: hex("EF BB BF 61"), payload: [1], properties: [Property(0x03, field(hex("EF BB BF")))]))
        listener.expect(.hex("30 0E 00 04 EF BB BF 61 06 03 00 03 EF BB BF 01"))
        other.expectNothing()
    }

    @Test("[MQTT-1.5.5-1] Variable Byte Integers: minimal length, at most 4 bytes")
    func mqtt_1_5_5_1() throws {
        let world = try World()
        world.expectRefusal(0x81, of: Wire.pingReq.remainingLength(hex("80 00")))
        world.expectRefusal(0x81, of: Wire.pingReq.remainingLength(hex("80 80 80 80 01")))
        // Property Length 0, and a Subscription Identifier of 1, in two bytes each.
        world.expectRefusal(0x81, of: .hex("30 05 00 01 61 80 00"))
        world.expectRefusal(0x81, of: .hex("82 0A 00 01 03 0B 81 00 00 01 61 00"))
        let listener = world.listener("a")
        let text = String(repeating: "x", count: 20_000)
        world.v5().send(.publish("a", text))
        listener.expect(.publish("a", text))
    }

    @Test("[MQTT-1.5.7-1] Both halves of a string pair are valid UTF-8")
    func mqtt_1_5_7_1() throws {
        let world = try World()
        let good = field("k")
        let bad = field([0xFF])
        world.expectRefusal(0x81, of: .publish("a", "", properties: [Property(Property.userID, bad + good)]))
        world.expectRefusal(0x81, of: .publish("a", "", properties: [Property(Property.userID, good + bad)]))
        world.expectAccepted(.publish("a", "", properties: [Property(Property.userID, good + good)]))
    }
}
