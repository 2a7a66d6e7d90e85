import Testing

@Suite("MQTT 3.1.1, section 3.1 CONNECT: the first packet, the protocol, keep-alive")
struct ConnectV3Tests {
    @Test("[MQTT-3.1.0-1] A first packet that is not CONNECT closes the connection")
    func mqtt_3_1_0_1() throws {
        let world = try World()
        let packets: [Wire] = [
            .publish("a", "x"), .pubAck(1), .pubRec(1), .pubRel(1), .pubComp(1), .subscribe(1, ("a", 0)),
            .unsubscribe(1, "a"), .pingReq, .disconnect(), .connAck(),
        ]
        for packet in packets {
            let client = world.client()
            client.send(packet)
            client.expectClosed()
        }
    }

    @Test("[MQTT-3.1.0-2] A second CONNECT is a protocol violation and closes the connection")
    func mqtt_3_1_0_2() throws {
        let client = try World().connect("c")
        client.send(.connect("c"))
        client.expectClosed()
    }

    @Test("[MQTT-3.1.2-1] A CONNECT of another protocol is not served")
    func mqtt_3_1_2_1() throws {
        let world = try World()
        for name in ["MQIsdp", "mqtt", "MQTTX", "MQT", ""] {
            let client = world.client()
            client.send(.connect("c", name: name))
            client.expectClosed()
        }
    }

    @Test("[MQTT-3.1.2-2] A level that is not supported gets CONNACK 0x01, and the connection closes", arguments: [
        0 as UInt8, 3, 6, 0x84,
    ])
    func mqtt_3_1_2_2(level: UInt8) throws {
        let client = try World().client()
        client.send(.connect("c", level: level))
        client.expect(.hex("20 02 00 01"))
        client.expectClosed()
    }

    @Test("[MQTT-3.1.2-3] The reserved connect flag has to be 0")
    func mqtt_3_1_2_3() throws {
        let client = try World().client()
        client.send(.connect("c", flags: 0x03))
        client.expectClosed()
    }

    @Test("[MQTT-3.1.2-24] A client that is silent for one and a half times its keep-alive is dropped as by a network failure")
    func mqtt_3_1_2_24() throws {
        let world = try World()
        let watcher = world.subscriber("will")
        let client = world.client()
        client.send(.connect("c", keepAlive: 10, will: .init("will", "gone")))
        client.expectConnAck()
        world.advance(seconds: 14)
        client.send(.pingReq)
        client.expect(.pingResp)
        world.advance(seconds: 14)
        client.expectNothing()
        watcher.expectNothing()
        world.advance(seconds: 3)
        client.expectClosed()
        watcher.expect(.publish("will", "gone"))
    }

    @Test("[MQTT-3.1.4-1] A CONNECT that does not conform closes the connection without a CONNACK")
    func mqtt_3_1_4_1() throws {
        let world = try World()
        let packets: [Wire] = [
            .connect("c", flags: 0x03), .connect("c", flags: 0x1E), .connect("c").appending([0]), .hex("10 00"),
            .hex("10 0C 00 04 4D 51 54 54 04 02 00 00 00 01"), .hex("10 0A 00 04 4D 51 54 54 04 02 00 00"),
            .connect("c").flags(1), .hex("10 FF FF FF FF 01"),
        ]
        for packet in packets {
            let client = world.client()
            client.send(packet)
            client.expectClosed()
        }
    }

    @Test("[MQTT-3.1.4-2] A CONNECT with the id of a connected client disconnects that client", arguments: [0, 1])
    func mqtt_3_1_4_2(loop: Int) throws {
        let world = try World()
        let older = world.connect("c", on: 0)
        let newer = world.connect("c", on: loop)
        older.expectClosed()
        newer.send(.pingReq)
        newer.expect(.pingResp)
    }

    @Test("[MQTT-3.1.4-3] The clean session flag is heeded")
    func mqtt_3_1_4_3() throws {
        let world = try World()
        world.subscriber("a", as: "c", clean: false).cut()
        world.connect("c", clean: false, sessionPresent: true).cut()
        world.connect("c", clean: true).cut()
        let last = world.connect("c", clean: false, sessionPresent: false)
        world.connect("p").send(.publish("a", "x"))
        last.expectNothing()
    }

    @Test("[MQTT-3.1.4-4] An accepted CONNECT is answered by CONNACK with return code 0")
    func mqtt_3_1_4_4() throws {
        let client = try World().client()
        client.send(.hex("10 0D 00 04 4D 51 54 54 04 02 00 00 00 01 63"))
        client.expect(.hex("20 02 00 00"))
        client.expectNothing()
    }

    @Test("[MQTT-3.1.4-5] What a client has sent after a CONNECT that is rejected has no effect")
    func mqtt_3_1_4_5() throws {
        let world = try World()
        let subscriber = world.subscriber("#")
        let client = world.client()
        client.send(
            .connect("", clean: false), .publish("a", "x"), .publish("kept", "x", qos: 1, id: 1, retain: true),
            .subscribe(1, ("a", 0)))
        client.expect(.hex("20 02 00 02"))
        client.expectClosed()
        subscriber.expectNothing()
        world.subscriber("kept", as: "later").expectNothing()
    }
}
