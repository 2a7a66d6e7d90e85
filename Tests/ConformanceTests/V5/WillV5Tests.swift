import Testing

@Suite("MQTT 5.0, section 3.1 CONNECT, the will")
struct WillV5Tests {
    @Test("[MQTT-3.1.2-7] Store the will with the session")
    func mqtt_3_1_2_7() throws {
        let world = try World()
        let listener = world.listener("will")
        let client = world.v5(will: .init("will", "gone"))
        listener.expectNothing()
        client.cut()
        listener.expect(.publish("will", "gone"))
    }

    @Test(
        "[MQTT-3.1.2-8] Publish the will after close when the delay passes or the session ends, unless DISCONNECT 0x00 or a new connection cancelled it"
    )
    func mqtt_3_1_2_8() throws {
        let world = try World()
        let listener = world.listener("will/#")
        func client(_ id: String, delay: UInt32, expiry: UInt32) -> Client {
            world.v5(
                id, will: .init("will/\(id)", "gone", properties: [.willDelay(delay)]), properties: [.sessionExpiry(expiry)])
        }
        // The delay passes; the session ends first; there is neither.
        let delayed = client("delayed", delay: 10, expiry: 600)
        let ending = client("ending", delay: 600, expiry: 5)
        let plain = client("plain", delay: 0, expiry: 0)
        let ordered = client("ordered", delay: 10, expiry: 600)
        let polite = client("polite", delay: 0, expiry: 0)
        for client in [delayed, ending, plain] { client.cut() }
        polite.send(.disconnect(0x00))
        ordered.send(.disconnect(0x04))
        listener.expect(.publish("will/plain", "gone"))
        listener.expectNothing()
        world.advance(seconds: 7)
        listener.expect(.publish("will/ending", "gone"))
        listener.expectNothing()
        world.advance(seconds: 5)
        listener.expectInAnyOrder(.publish("will/delayed", "gone"), .publish("will/ordered", "gone"))
        world.advance(seconds: 700)
        listener.expectNothing()
    }

    @Test("[MQTT-3.1.2-10] Remove the will once published or on DISCONNECT 0x00")
    func mqtt_3_1_2_10() throws {
        let world = try World()
        let listener = world.listener("will")
        let polite = world.kept(will: .init("will", "polite"))
        polite.send(.disconnect())
        let lost = world.kept(isPresent: true, will: .init("will", "lost"))
        lost.cut()
        listener.expect(.publish("will", "lost"))
        // The session goes on without a will, and its end publishes nothing.
        world.kept(isPresent: true).cut()
        world.advance(seconds: 601)
        listener.expectNothing()
    }

    @Test("[MQTT-3.1.2-14] Will retain 0: publish non-retained")
    func mqtt_3_1_2_14() throws {
        let world = try World()
        let listener = world.listener("will", Option.retainAsPublished)
        world.v5(will: .init("will", "gone", retain: false)).cut()
        let frame = try listener.nextPublish("will", "gone")
        #expect(!frame.isRetained)
        world.listener("will", as: "late").expectNothing()
    }

    @Test("[MQTT-3.1.2-15] Will retain 1: publish retained")
    func mqtt_3_1_2_15() throws {
        let world = try World()
        let listener = world.listener("will", Option.retainAsPublished)
        world.v5(will: .init("will", "gone", retain: true)).cut()
        listener.expectPublish("will", "gone", retain: true)
        world.listener("will", as: "late").expectPublish("will", "gone", retain: true)
    }

    @Test("[MQTT-3.1.3-9] Reconnect before Will Delay ends: do not send the will")
    func mqtt_3_1_3_9() throws {
        let world = try World()
        let listener = world.listener("will")
        world.kept(will: .init("will", "gone", properties: [.willDelay(10)])).cut()
        world.advance(seconds: 8)
        let back = world.kept(isPresent: true)
        world.advance(seconds: 20)
        listener.expectNothing()
        back.send(.disconnect())
        // A new session ends the old one, and so its delay.
        world.kept(isPresent: true, will: .init("will", "gone", properties: [.willDelay(10)])).cut()
        world.expectAcceptedConnect(.connect("keeper", clean: true))
        listener.expect(.publish("will", "gone"))
    }

    @Test("[MQTT-3.1.3-10] Will user properties keep their order")
    func mqtt_3_1_3_10() throws {
        let world = try World()
        let listener = world.listener("will")
        let properties = [Property.user("b", "1"), .user("a", "2"), .user("b", "3"), .user("a", "2")]
        world.v5(will: .init("will", "gone", properties: properties)).cut()
        listener.expect(.publish("will", "gone", properties: properties))
    }
}
