import Testing

@Suite("MQTT 3.1.1, sections 3.10 to 3.14 UNSUBSCRIBE, PINGREQ, DISCONNECT")
struct UnsubscribeV3Tests {
    private func expectClosed(_ packets: [Wire], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let world = try World()
        for packet in packets {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed(sourceLocation: sourceLocation)
        }
    }

    @Test("[MQTT-3.10.1-1] UNSUBSCRIBE has the flags 0010, or the connection closes")
    func mqtt_3_10_1_1() throws {
        try expectClosed([0, 1, 3, 6, 8, 10, 15].map { Wire.unsubscribe(1, "a").flags($0) })
    }

    @Test("[MQTT-3.10.3-1] Filters are UTF-8 and stand back to back")
    func mqtt_3_10_3_1() throws {
        try expectClosed(BadText.illFormed.map(BadText.unsubscribe(filter:)))
        try expectClosed([.unsubscribe(1, "a").appending([0]), .hex("A2 05 00 01 00 02 61")])
        let client = try World().connect("c")
        client.send(.hex("A2 09 00 01 00 01 61 00 02 62 63"))
        client.expect(.hex("B0 02 00 01"))
    }

    @Test("[MQTT-3.10.3-2] UNSUBSCRIBE without a filter is a protocol violation")
    func mqtt_3_10_3_2() throws { try expectClosed([.unsubscribe(1), .hex("A2 00")]) }

    @Test("[MQTT-3.10.4-1] Only a filter that is the same, character by character, is deleted")
    func mqtt_3_10_4_1() throws {
        let world = try World()
        let subscriber = world.subscriber("a/B", 0)
        let publisher = world.connect("p")
        for other in ["a/b", "a/+", "#", "a/B/", "/a/B", "a/B/#", "a"] {
            subscriber.send(.unsubscribe(2, other))
            subscriber.expect(.unsubAck(2))
            publisher.send(.publish("a/B", other))
            subscriber.expect(.publish("a/B", other))
        }
        subscriber.send(.unsubscribe(3, "a/B"))
        subscriber.expect(.unsubAck(3))
        publisher.send(.publish("a/B", "x"))
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.10.4-2] After that no new message is added", arguments: [false, true])
    func mqtt_3_10_4_2(isKept: Bool) throws {
        let world = try World()
        let subscriber = world.subscriber("a", 1, as: "s", clean: !isKept)
        let publisher = world.connect("p")
        publisher.send(.publish("a", "before", qos: 1, id: 1))
        subscriber.send(.pubAck(subscriber.expectPublish("a", "before", qos: 1)), .unsubscribe(2, "a"))
        subscriber.expect(.unsubAck(2))
        publisher.send(.publish("a", "after", qos: 1, id: 2))
        subscriber.expectNothing()
        subscriber.cut()
        let again = world.connect("s", clean: !isKept, sessionPresent: isKept)
        publisher.send(.publish("a", "later", qos: 1, id: 3))
        again.expectNothing()
    }

    @Test("[MQTT-3.10.4-3] Deliveries at QoS 1 and 2 that have begun are finished")
    func mqtt_3_10_4_3() throws {
        let world = try World()
        let subscriber = world.subscriber("a", 2, as: "s", clean: false)
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1), .publish("a", "y", qos: 2, id: 2))
        let x = subscriber.expectPublish("a", "x", qos: 1)
        let y = subscriber.expectPublish("a", "y", qos: 2)
        subscriber.send(.unsubscribe(2, "a"))
        subscriber.expect(.unsubAck(2))
        subscriber.cut()
        let again = world.connect("s", clean: false, sessionPresent: true)
        again.expect(.publish("a", "x", qos: 1, id: x, dup: true), .publish("a", "y", qos: 2, id: y, dup: true))
        again.send(.pubAck(x), .pubRec(y))
        again.expect(.pubRel(y))
        again.send(.pubComp(y))
        again.expectNothing()
    }

    @Test("[MQTT-3.10.4-4] UNSUBSCRIBE is answered by UNSUBACK with the same packet identifier")
    func mqtt_3_10_4_4() throws {
        let client = try World().connect("c")
        client.subscribe("a")
        client.send(.hex("A2 05 12 34 00 01 61"))
        client.expect(.hex("B0 02 12 34"))
        client.expectNothing()
    }

    @Test("[MQTT-3.10.4-5] UNSUBACK comes even if no filter was there")
    func mqtt_3_10_4_5() throws {
        let client = try World().connect("c")
        client.send(.unsubscribe(9, "never"))
        client.expect(.unsubAck(9))
    }

    @Test("[MQTT-3.10.4-6] Several filters act as so many UNSUBSCRIBEs, with one UNSUBACK")
    func mqtt_3_10_4_6() throws {
        let world = try World()
        let subscriber = world.subscriber("a")
        subscriber.subscribe("b")
        subscriber.subscribe("c")
        subscriber.send(.unsubscribe(4, "a", "never", "c"))
        subscriber.expect(.unsubAck(4))
        world.connect("p").send(.publish("a", "1"), .publish("b", "2"), .publish("c", "3"))
        subscriber.expect(.publish("b", "2"))
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.12.4-1] PINGREQ is answered by PINGRESP")
    func mqtt_3_12_4_1() throws {
        let client = try World().connect("c")
        client.send(.hex("C0 00"))
        client.expect(.hex("D0 00"))
        client.expectNothing()
    }

    @Test("[MQTT-3.14.1-1] DISCONNECT with reserved bits is refused: the connection ends, and the will goes out")
    func mqtt_3_14_1_1() throws {
        let world = try World()
        let watcher = world.subscriber("w")
        for flags in UInt8(1)...15 {
            let client = world.connect("c", will: .init("w", "gone"))
            client.send(.disconnect().flags(flags))
            client.expectClosed()
            watcher.expect(.publish("w", "gone"))
        }
    }

    @Test("[MQTT-3.6.1-1] PUBREL has the flags 0010, or the connection closes")
    func mqtt_3_6_1_1() throws {
        let world = try World()
        for flags in UInt8(0)...15 where flags != 2 {
            let client = world.connect("c")
            client.send(.publish("a", "x", qos: 2, id: 1))
            client.expect(.pubRec(1))
            client.send(.pubRel(1).flags(flags))
            client.expectClosed()
        }
    }
}
