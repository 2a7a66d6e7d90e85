import Testing

@Suite("MQTT 3.1.1, section 3.1.2.5 The will")
struct WillV3Tests {
    private let will = Wire.Will("w", "gone")

    @Test("[MQTT-3.1.2-8] The will is published when the connection closes without DISCONNECT, whatever the cause")
    func mqtt_3_1_2_8() throws {
        let world = try World()
        let watcher = world.subscriber("w")
        world.connect("cut", will: will).cut()
        watcher.expect(.publish("w", "gone"))

        world.connect("violator", will: will).send(.hex("F0 00"))
        watcher.expect(.publish("w", "gone"))

        let older = world.connect("twin", will: will)
        _ = world.connect("twin")
        older.expectClosed()
        watcher.expect(.publish("w", "gone"))

        world.connect("polite", will: will).send(.disconnect())
        watcher.expectNothing()
    }

    @Test("[MQTT-3.1.2-10] A will is removed once it is published, and with DISCONNECT")
    func mqtt_3_1_2_10() throws {
        let world = try World()
        let watcher = world.subscriber("w")
        world.connect("c", clean: false, will: will).cut()
        watcher.expect(.publish("w", "gone"))
        world.connect("c", clean: false, sessionPresent: true).cut()
        watcher.expectNothing()

        world.connect("d", clean: false, will: .init("w", "gone", retain: true)).send(.disconnect())
        world.connect("d", clean: false, sessionPresent: true).cut()
        watcher.expectNothing()
        try world.restart()
        world.subscriber("w", as: "later").expectNothing()
    }

    @Test("[MQTT-3.1.2-12] Will flag 0: no will is published")
    func mqtt_3_1_2_12() throws {
        let world = try World()
        let watcher = world.subscriber("#")
        world.connect("c").cut()
        watcher.expectNothing()
    }

    @Test("[MQTT-3.1.2-16] Will retain 0: the will is not retained")
    func mqtt_3_1_2_16() throws {
        let world = try World()
        world.connect("c", will: .init("w", "gone", qos: 1)).cut()
        world.subscriber("w").expectNothing()
    }

    @Test("[MQTT-3.1.2-17] Will retain 1: the will is retained")
    func mqtt_3_1_2_17() throws {
        let world = try World()
        world.connect("c", will: .init("w", "gone", retain: true)).cut()
        world.subscriber("w").expect(.publish("w", "gone", retain: true))
    }

    @Test("[MQTT-3.14.4-3] DISCONNECT discards the will unpublished")
    func mqtt_3_14_4_3() throws {
        let world = try World()
        let watcher = world.subscriber("w")
        let client = world.connect("c", will: .init("w", "gone", retain: true))
        client.send(.disconnect())
        client.expectClosed()
        world.advance(seconds: 5)
        watcher.expectNothing()
        world.subscriber("w", as: "later").expectNothing()
    }
}
