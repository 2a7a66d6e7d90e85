import Testing

@Suite("MQTT 3.1.1, section 3.1.3 CONNECT payload")
struct ConnectPayloadV3Tests {
    @Test("[MQTT-3.1.3-1] The fields are client id, will topic, will message, user name, password, in that order")
    func mqtt_3_1_3_1() throws {
        let world = try World()
        let watcher = world.subscriber("2")
        let client = world.client()
        client.send(.hex("10 19 00 04 4D 51 54 54 04 C6 00 00 00 01 31 00 01 32 00 01 33 00 01 34 00 01 35"))
        client.expect(.hex("20 02 00 00"))
        let twin = world.connect("1")
        client.expectClosed()
        watcher.expect(.publish("2", "3"))
        twin.expectNothing()
    }

    @Test("[MQTT-3.1.3-2] State is kept by client id")
    func mqtt_3_1_3_2() throws {
        let world = try World()
        world.subscriber("a", 1, as: "one", clean: false).cut()
        world.subscriber("b", 1, as: "two", clean: false).cut()
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1), .publish("b", "y", qos: 1, id: 2))
        let two = world.connect("two", clean: false, sessionPresent: true)
        two.expectPublish("b", "y", qos: 1)
        two.expectNothing()
        let one = world.connect("one", on: 1, clean: false, sessionPresent: true)
        one.expectPublish("a", "x", qos: 1)
        one.expectNothing()
        world.connect("three", clean: false, sessionPresent: false).expectNothing()
    }

    @Test("[MQTT-3.1.3-3] The client id has to be there, as the first field")
    func mqtt_3_1_3_3() throws {
        let client = try World().client()
        client.send(.hex("10 0A 00 04 4D 51 54 54 04 02 00 00"))
        client.expectClosed()
    }

    @Test("[MQTT-3.1.3-4] The client id has to be UTF-8")
    func mqtt_3_1_3_4() throws { try expectClosed(BadText.connect(clientID:)) }

    @Test("[MQTT-3.1.3-10] The will topic has to be UTF-8")
    func mqtt_3_1_3_10() throws { try expectClosed(BadText.connect(willTopic:)) }

    @Test("[MQTT-3.1.3-11] The user name has to be UTF-8")
    func mqtt_3_1_3_11() throws { try expectClosed(BadText.connect(userName:)) }

    private func expectClosed(_ packet: ([UInt8]) -> Wire) throws {
        let world = try World()
        for text in BadText.illFormed {
            let client = world.client()
            client.send(packet(text))
            client.expectClosed()
        }
    }

    @Test("[MQTT-3.1.3-5] Ids of 1 to 23 digits and letters are accepted")
    func mqtt_3_1_3_5() throws {
        let world = try World()
        let characters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        for start in characters.indices {
            let length = start % 23 + 1
            let id = String((0..<length).map { characters[(start + $0) % characters.count] })
            world.connect(id, on: start % 2).expectNothing()
        }
    }

    @Test("[MQTT-3.1.3-6] A client without an id gets a unique one, and is served like any other")
    func mqtt_3_1_3_6() throws {
        let world = try World()
        let one = world.subscriber("a", as: "")
        let two = world.subscriber("a", as: "", on: 0)
        world.connect("").send(.publish("a", "x"))
        for client in [one, two] {
            client.expect(.publish("a", "x"))
            client.expectNothing()
        }
    }

    @Test("[MQTT-3.1.3-7] Without an id the session has to be clean")
    func mqtt_3_1_3_7() throws {
        try expectRejected(.connect("", clean: false))
        let client = try World().client()
        client.send(.connect("", clean: true))
        client.expect(.hex("20 02 00 00"))
    }

    @Test("[MQTT-3.1.3-8] No id and clean session 0: CONNACK 0x02, and the connection closes")
    func mqtt_3_1_3_8() throws { try expectRejected(.connect("", clean: false)) }

    @Test("[MQTT-3.1.3-9] An id that is rejected: CONNACK 0x02, and the connection closes")
    func mqtt_3_1_3_9() throws { try expectRejected(.connect("$reserved")) }

    private func expectRejected(_ packet: Wire) throws {
        let client = try World().client()
        client.send(packet)
        client.expect(.hex("20 02 00 02"))
        client.expectClosed()
    }
}
