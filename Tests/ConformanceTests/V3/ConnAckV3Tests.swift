import Testing

@Suite("MQTT 3.1.1, section 3.2 CONNACK")
struct ConnAckV3Tests {
    @Test("[MQTT-3.2.0-1] The server's first packet is CONNACK, whatever else is due")
    func mqtt_3_2_0_1() throws {
        let world = try World()
        world.subscriber("a", 1, as: "c", clean: false).cut()
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1))
        let client = world.client()
        client.send(.connect("c", clean: false), .pingReq, .subscribe(2, ("b", 0)))
        #expect(client.frames.first?.type == .connAck)
        #expect(client.frames.filter { $0.type == .connAck }.count == 1)
        #expect(client.frames.count == 4)
    }

    @Test("[MQTT-3.2.2-1] Clean session 1: session present is 0")
    func mqtt_3_2_2_1() throws {
        let world = try World()
        world.connect("c", clean: false).cut()
        let client = world.client()
        client.send(.connect("c", clean: true))
        client.expect(.hex("20 02 00 00"))
    }

    @Test("[MQTT-3.2.2-2] Clean session 0 with a stored session: session present is 1, also after a restart")
    func mqtt_3_2_2_2() throws {
        let world = try World()
        world.connect("c", clean: false).cut()
        let client = world.client(on: 1)
        client.send(.connect("c", clean: false))
        client.expect(.hex("20 02 01 00"))
        try world.restart()
        let again = world.client()
        again.send(.connect("c", clean: false))
        again.expect(.hex("20 02 01 00"))
    }

    @Test("[MQTT-3.2.2-3] Clean session 0 without a stored session: session present is 0")
    func mqtt_3_2_2_3() throws {
        let client = try World().client()
        client.send(.connect("c", clean: false))
        client.expect(.hex("20 02 00 00"))
    }

    @Test("[MQTT-3.2.2-4] A return code that is not 0 comes with session present 0")
    func mqtt_3_2_2_4() throws {
        let world = try World()
        world.connect("c", clean: false).cut()
        let client = world.client()
        client.send(.connect("c", clean: false, level: 3))
        client.expect(.hex("20 02 00 01"))
    }

    @Test("[MQTT-3.2.2-5] After a return code that is not 0 the connection closes")
    func mqtt_3_2_2_5() throws {
        let world = try World()
        for packet in [Wire.connect("c", level: 3), .connect("", clean: false), .connect("$c")] {
            let client = world.client()
            client.send(packet)
            #expect(try client.next(.connAck).code != 0)
            client.expectClosed()
        }
    }

    @Test("[MQTT-3.2.2-6] Where no return code fits the connection closes without CONNACK")
    func mqtt_3_2_2_6() throws {
        let client = try World().client()
        client.send(.connect("c", will: .init("wild/#", "gone")))
        client.expectClosed()
    }
}
