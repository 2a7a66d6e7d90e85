import Testing

@Suite("MQTT 3.1.1, section 3.3.1.3 RETAIN")
struct RetainV3Tests {
    private func publisher(_ world: World, retaining texts: String..., qos: UInt8 = 1) -> Client {
        let publisher = world.connect("p")
        for text in texts { publisher.send(.publish("a", text, qos: qos, id: qos == 0 ? nil : 1, retain: true)) }
        _ = publisher.takeAll()
        return publisher
    }

    @Test("[MQTT-3.3.1-5] RETAIN 1: the message and its QoS are stored for those who subscribe later")
    func mqtt_3_3_1_5() throws {
        let world = try World()
        _ = publisher(world, retaining: "x")
        let subscriber = world.subscriber("a", 2)
        subscriber.expectPublish("a", "x", qos: 1, retain: true)
        world.subscriber("a", 0, as: "low").expect(.publish("a", "x", retain: true))
    }

    @Test("[MQTT-3.3.1-6] A new subscription gets the last retained message of each matching topic")
    func mqtt_3_3_1_6() throws {
        let world = try World()
        world.connect("p").send(
            .publish("a/1", "old", retain: true), .publish("a/1", "new", retain: true), .publish("a/2", "two", retain: true),
            .publish("b", "other", retain: true))
        world.subscriber("a/+").expectInAnyOrder(
            .publish("a/1", "new", retain: true), .publish("a/2", "two", retain: true))
    }

    @Test("[MQTT-3.3.1-7] A retained publish at QoS 0 discards the message that was retained before")
    func mqtt_3_3_1_7() throws {
        let world = try World()
        publisher(world, retaining: "old").send(.publish("a", "new", retain: true))
        let subscriber = world.subscriber("a", 1)
        subscriber.expect(.publish("a", "new", retain: true))
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.3.1-8] RETAIN is 1 on what a new subscription brings")
    func mqtt_3_3_1_8() throws {
        let world = try World()
        _ = publisher(world, retaining: "x", qos: 0)
        world.subscriber("a").expect(.hex("31 04 00 01 61 78"))
    }

    @Test("[MQTT-3.3.1-9] RETAIN is 0 on what an established subscription brings")
    func mqtt_3_3_1_9() throws {
        let world = try World()
        let subscriber = world.subscriber("a")
        _ = publisher(world, retaining: "x", qos: 0)
        subscriber.expect(.hex("30 04 00 01 61 78"))
    }

    @Test("[MQTT-3.3.1-10] An empty retained publish is forwarded, and deletes the stored message")
    func mqtt_3_3_1_10() throws {
        let world = try World()
        let publisher = publisher(world, retaining: "x")
        let established = world.subscriber("a")
        established.expect(.publish("a", "x", retain: true))
        publisher.send(.publish("a", "", retain: true))
        established.expect(.publish("a", ""))
        world.subscriber("a", as: "later").expectNothing()
    }

    @Test("[MQTT-3.3.1-11] An empty message is never stored")
    func mqtt_3_3_1_11() throws {
        let world = try World()
        _ = publisher(world, retaining: "")
        world.subscriber("a").expectNothing()
        try world.restart()
        world.subscriber("a").expectNothing()
    }

    @Test("[MQTT-3.3.1-12] RETAIN 0 neither stores a message nor replaces or deletes one")
    func mqtt_3_3_1_12() throws {
        let world = try World()
        let publisher = publisher(world, retaining: "x")
        publisher.send(.publish("a", "y", qos: 1, id: 2), .publish("a", ""), .publish("b", "z"))
        let subscriber = world.subscriber("#", 1)
        subscriber.expectPublish("a", "x", qos: 1, retain: true)
        subscriber.expectNothing()
    }
}
