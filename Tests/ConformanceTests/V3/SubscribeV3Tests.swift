import Testing

@Suite("MQTT 3.1.1, sections 3.8 and 3.9 SUBSCRIBE and SUBACK")
struct SubscribeV3Tests {
    private func expectClosed(_ packets: [Wire], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let world = try World()
        for packet in packets {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed(sourceLocation: sourceLocation)
        }
    }

    @Test("[MQTT-3.8.1-1] SUBSCRIBE has the flags 0010, or the connection closes")
    func mqtt_3_8_1_1() throws {
        try expectClosed([0, 1, 3, 6, 8, 10, 15].map { Wire.subscribe(1, ("a", 0)).flags($0) })
    }

    @Test("[MQTT-3.8.3-1] Filters have to be UTF-8")
    func mqtt_3_8_3_1() throws { try expectClosed(BadText.illFormed.map(BadText.subscribe(filter:))) }

    @Test("[MQTT-3.8.3-2] Wildcard filters are supported")
    func mqtt_3_8_3_2() throws {
        let world = try World()
        let subscriber = world.connect("s", on: 1)
        subscriber.send(.subscribe(1, ("a/#", 0), ("+/b", 1)))
        subscriber.expect(.subAck(1, 0, 1))
        world.connect("p").send(.publish("a/x/y", "1"), .publish("z/b", "2"))
        subscriber.expect(.publish("a/x/y", "1"), .publish("z/b", "2"))
    }

    @Test("[MQTT-3.8.3-3] SUBSCRIBE without a filter is a protocol violation")
    func mqtt_3_8_3_3() throws { try expectClosed([.subscribe(1), .hex("82 00")]) }

    @Test("[MQTT-3.8.3-4] Reserved bits of the QoS byte, and QoS 3, close the connection")
    func mqtt_3_8_3_4() throws {
        try expectClosed([3, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x81].map { Wire.subscribe(1, ("a", $0)) })
        try expectClosed([.subscribe(1, ("a", 0), ("b", 3))])
    }

    @Test("[MQTT-3.8.4-1] SUBSCRIBE is answered by SUBACK")
    func mqtt_3_8_4_1() throws {
        let client = try World().connect("c")
        client.send(.hex("82 06 00 0A 00 01 61 01"))
        client.expect(.hex("90 03 00 0A 01"))
        client.expectNothing()
    }

    @Test("[MQTT-3.8.4-2] SUBACK has the packet identifier of its SUBSCRIBE")
    func mqtt_3_8_4_2() throws {
        let client = try World().connect("c")
        for id in [1, 0x00FF, 0x0100, 0xFFFF] as [UInt16] {
            client.send(.subscribe(id, ("a", 0)))
            client.expect(.subAck(id, 0))
        }
    }

    @Test("[MQTT-3.8.4-3] The same filter again replaces the subscription, sends retained messages again, and loses nothing")
    func mqtt_3_8_4_3() throws {
        let world = try World()
        let publisher = world.connect("p")
        publisher.send(.publish("a", "kept", qos: 1, id: 1, retain: true))
        let subscriber = world.subscriber("a", 0)
        subscriber.expect(.publish("a", "kept", retain: true))
        publisher.send(.publish("a", "before", qos: 1, id: 2))
        subscriber.expect(.publish("a", "before"))
        subscriber.subscribe("a", 1, id: 2)
        let id = subscriber.expectPublish("a", "kept", qos: 1, retain: true)
        subscriber.send(.pubAck(id))
        publisher.send(.publish("a", "after", qos: 1, id: 3))
        subscriber.expectPublish("a", "after", qos: 1)
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.8.4-4] Several filters act as so many SUBSCRIBEs, with one SUBACK")
    func mqtt_3_8_4_4() throws {
        let world = try World()
        let subscriber = world.connect("s", on: 1)
        subscriber.send(.subscribe(5, ("a", 0), ("b/+", 1), ("a", 2)))
        subscriber.expect(.subAck(5, 0, 1, 2))
        subscriber.expectNothing()
        world.connect("p").send(.publish("a", "1", qos: 2, id: 1), .publish("b/c", "2", qos: 2, id: 2))
        subscriber.expectPublish("a", "1", qos: 2)
        subscriber.expectPublish("b/c", "2", qos: 1)
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.8.4-5] SUBACK has a return code for each filter: the QoS that is granted, or failure")
    func mqtt_3_8_4_5() throws {
        let world = try World()
        let subscriber = world.connect("s", on: 1)
        subscriber.send(.subscribe(1, ("a", 2), ("$aws/no/such/topic", 1), ("b", 0)))
        subscriber.expect(.subAck(1, 2, 0x80, 0))
        world.connect("p").send(.publish("a", "1"), .publish("b", "2"))
        subscriber.expect(.publish("a", "1"), .publish("b", "2"))
    }

    @Test("[MQTT-3.8.4-6] A delivery has the lower of the QoS that was published and the QoS that was granted")
    func mqtt_3_8_4_6() throws {
        let world = try World()
        let publisher = world.connect("p")
        let subscribers = (0...2).map { world.subscriber("a", UInt8($0), as: "s\($0)") }
        for published in UInt8(0)...2 {
            publisher.send(.publish("a", "\(published)", qos: published, id: published == 0 ? nil : 1))
            for (granted, subscriber) in subscribers.enumerated() {
                subscriber.expectPublish("a", "\(published)", qos: min(published, UInt8(granted)))
                subscriber.expectNothing()
            }
        }
    }

    @Test("[MQTT-3.9.3-1] The return codes stand in the order of the filters")
    func mqtt_3_9_3_1() throws {
        let client = try World().connect("c")
        client.send(.subscribe(1, ("a", 2), ("b", 0), ("c", 1), ("$aws/none", 0), ("d", 2)))
        client.expect(.hex("90 07 00 01 02 00 01 80 02"))
    }

    @Test("[MQTT-3.9.3-2] No return code but 00, 01, 02 and 80 is sent")
    func mqtt_3_9_3_2() throws {
        let world = try World()
        let filters = ["a", "+", "#", "$share/g/a", "$SYS/#", "$aws/none", "$aws/events/#", "$other/a"]
        for qos in UInt8(0)...2 {
            for filter in filters {
                let client = world.connect("c")
                client.send(.subscribe(1, (filter, qos)))
                guard !client.isClosed else { continue }
                let code = try client.next(.subAck).codes
                #expect([[0], [1], [2], [0x80]].contains(code), "\(filter): \(code)")
            }
        }
    }
}
