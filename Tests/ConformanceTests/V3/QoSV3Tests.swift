import Testing

@Suite("MQTT 3.1.1, section 4.3 Quality of service")
struct QoSV3Tests {
    @Test("[MQTT-4.3.1-1] QoS 0 is sent with DUP 0 and QoS 0, once")
    func mqtt_4_3_1_1() throws {
        let world = try World()
        let subscriber = world.subscriber("a", 0, as: "s", clean: false)
        world.connect("p").send(.publish("a", "x", qos: 2, id: 1))
        subscriber.expect(.hex("30 04 00 01 61 78"))
        subscriber.cut()
        world.connect("s", clean: false, sessionPresent: true).expectNothing()
    }

    @Test("[MQTT-4.3.2-1] QoS 1 is sent with a fresh identifier and DUP 0, and is unacknowledged until PUBACK")
    func mqtt_4_3_2_1() throws {
        let world = try World()
        let first = world.subscriber("a", 1, as: "s", clean: false)
        let publisher = world.connect("p")
        publisher.send(.publish("a", "x", qos: 1, id: 1), .publish("a", "y", qos: 1, id: 1))
        let x = first.expectPublish("a", "x", qos: 1, dup: false)
        let y = first.expectPublish("a", "y", qos: 1, dup: false)
        #expect(x != y)
        first.send(.pubAck(x))
        publisher.send(.publish("a", "z", qos: 1, id: 1))
        let z = first.expectPublish("a", "z", qos: 1, dup: false)
        #expect(z != y)
        first.cut()
        let second = world.connect("s", clean: false, sessionPresent: true)
        second.expect(.publish("a", "y", qos: 1, id: y, dup: true), .publish("a", "z", qos: 1, id: z, dup: true))
        second.expectNothing()
    }

    @Test("[MQTT-4.3.2-2] QoS 1 is answered by PUBACK, and the same identifier afterwards is a new message")
    func mqtt_4_3_2_2() throws {
        let world = try World()
        let subscriber = world.subscriber("a", 1)
        let publisher = world.connect("p")
        for (text, isDuplicate) in [("x", false), ("y", false), ("z", true)] {
            publisher.send(.publish("a", text, qos: 1, id: 3, dup: isDuplicate))
            publisher.expect(.pubAck(3))
            subscriber.expectPublish("a", text, qos: 1)
        }
        publisher.expectNothing()
    }

    @Test("[MQTT-4.3.3-1] QoS 2 is sent until PUBREC, then PUBREL until PUBCOMP, and the PUBLISH never again")
    func mqtt_4_3_3_1() throws {
        let world = try World()
        var client = world.subscriber("a", 2, as: "s", clean: false)
        world.connect("p").send(.publish("a", "x", qos: 2, id: 1))
        let id = client.expectPublish("a", "x", qos: 2, dup: false)
        client.expectNothing()
        client.cut()
        client = world.connect("s", on: 1, clean: false, sessionPresent: true)
        client.expect(.publish("a", "x", qos: 2, id: id, dup: true))
        client.send(.pubRec(id))
        client.expect(.pubRel(id))
        client.expectNothing()
        client.cut()
        client = world.connect("s", on: 0, clean: false, sessionPresent: true)
        client.expect(.pubRel(id))
        client.expectNothing()
        client.send(.pubComp(id))
        client.cut()
        world.connect("s", clean: false, sessionPresent: true).expectNothing()
    }

    @Test(
        "[MQTT-4.3.3-2] QoS 2 is answered by PUBREC and delivered once until PUBREL, which is answered by PUBCOMP",
        arguments: [false, true])
    func mqtt_4_3_3_2(isKept: Bool) throws {
        let world = try World()
        let subscriber = world.subscriber("a", 1)
        var publisher = world.connect("p", clean: !isKept)
        publisher.send(.publish("a", "x", qos: 2, id: 3))
        publisher.expect(.pubRec(3))
        subscriber.expectPublish("a", "x", qos: 1)
        if isKept {
            publisher.cut()
            publisher = world.connect("p", on: 1, clean: false, sessionPresent: true)
        }
        publisher.send(.publish("a", "x", qos: 2, id: 3, dup: true), .publish("a", "x", qos: 2, id: 3))
        publisher.expect(.pubRec(3), .pubRec(3))
        subscriber.expectNothing()
        publisher.send(.pubRel(3))
        publisher.expect(.pubComp(3))
        publisher.send(.pubRel(3))
        publisher.expect(.pubComp(3))
        publisher.send(.publish("a", "y", qos: 2, id: 3))
        publisher.expect(.pubRec(3))
        subscriber.expectPublish("a", "y", qos: 1)
    }
}
