import MartletStore
import MartletTesting
import Testing

@Suite("MQTT 5.0, sections 4.1 to 4.3 Session state and QoS 0 and 1")
struct SessionStateV5Tests {
    @Test("[MQTT-4.1.0-1] Keep session state while connected")
    func mqtt_4_1_0_1() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("a", properties: [.sessionExpiry(1)]))
        client.expectConnAck()
        client.subscribe("a", 1)
        world.advance(seconds: 100)
        world.v5().send(.publish("a", "x", qos: 1, id: 1))
        client.expectPublish("a", "x", qos: 1)
    }

    @Test("[MQTT-4.1.0-2] Discard it when closed and expired")
    func mqtt_4_1_0_2() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 1)
        keeper.cut()
        let publisher = world.v5()
        publisher.send(.publish("a", "x", qos: 1, id: 1))
        world.advance(seconds: 601)
        let new = world.kept(isPresent: false)
        publisher.send(.publish("a", "y", qos: 1, id: 2))
        new.expectNothing()
        // Closed, and with an expiry of 0 ended at once.
        let short = world.listener("a", 1, as: "short")
        short.cut()
        _ = world.connect("short", .v5, clean: false)
    }

    @Test("[MQTT-4.3.1-1] QoS 0 send: DUP 0")
    func mqtt_4_3_1_1() throws {
        let world = try World()
        let listener = world.listener("a", 0)
        let publisher = world.v5()
        publisher.send(
            .publish("a", "0"), .publish("a", "1", qos: 1, id: 1, dup: true), .publish("a", "2", qos: 2, id: 2, dup: true))
        listener.expect(.hex("30 05 00 01 61 00 30"), .hex("30 05 00 01 61 00 31"), .hex("30 05 00 01 61 00 32"))
    }

    @Test("[MQTT-4.3.2-1] QoS 1 send: unused id")
    func mqtt_4_3_2_1() throws {
        let world = try World()
        let listener = world.listener("a", 1)
        let publisher = world.v5()
        publisher.send(.publish("a", "open", qos: 1, id: 1))
        let open = listener.expectPublish("a", "open", qos: 1)
        // More than there are identifiers, while one is in use.
        for _ in 0..<74 {
            publisher.send((0..<900).flatMap { _ in Wire.publish("a", "x", qos: 1, id: 2).bytes(.v5) })
            _ = publisher.takeAll()
            let ids = listener.takeAll().compactMap(\.packetID)
            #expect(ids.count == 900 && Set(ids).count == 900)
            #expect(!ids.contains(open) && !ids.contains(0))
            listener.send(ids.flatMap { Wire.pubAck($0).bytes(.v5) })
        }
    }

    @Test("[MQTT-4.3.2-2] QoS 1 first send: DUP 0")
    func mqtt_4_3_2_2() throws {
        let world = try World()
        let publisher = world.v5()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.subscribe("a", 1)
            publisher.send(.publish("a", "x", qos: 1, id: 1, dup: true))
            client.expectPublish("a", "x", qos: 1, dup: false)
        }
    }

    @Test("[MQTT-4.3.2-3] QoS 1 unacknowledged until PUBACK")
    func mqtt_4_3_2_3() throws {
        let world = try World()
        var keeper = world.kept(properties: [.receiveMaximum(1)])
        keeper.subscribe("a", 1)
        world.v5().send(.publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 1, id: 2))
        let id = keeper.expectPublish("a", "1", qos: 1)
        for _ in 0..<3 {
            keeper.expectNothing()
            keeper.cut()
            keeper = world.kept(isPresent: true, properties: [.receiveMaximum(1)])
            keeper.expect(.publish("a", "1", qos: 1, id: id, dup: true))
        }
        keeper.send(.pubAck(id))
        let next = keeper.expectPublish("a", "2", qos: 1)
        keeper.cut()
        world.kept(isPresent: true).expect(.publish("a", "2", qos: 1, id: next, dup: true))
    }

    @Test("[MQTT-4.3.2-4] QoS 1 receive: PUBACK after ownership")
    func mqtt_4_3_2_4() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 1)
        keeper.cut()
        let publisher = world.v5()
        publisher.send(.publish("a", "owned", qos: 1, id: 1))
        publisher.expect(.pubAck(1))
        try world.restart()
        let back = world.kept(isPresent: true)
        back.expectPublish("a", "owned", qos: 1)
        back.cut()
        // What cannot be kept is not owned.
        world.store.fail(.disk(operation: "write", file: "log", because: "no room"))
        let other = world.v5("other")
        other.send(.publish("a", "lost", qos: 1, id: 2))
        other.send(.publish("a", "lost", qos: 1, id: 3))
        let answers = other.takeAll()
        #expect(!answers.contains { $0.type == .pubAck && $0.code < 0x80 }, "\(answers)")
    }

    @Test("[MQTT-4.3.2-5] After PUBACK the same id is a new message whatever DUP says")
    func mqtt_4_3_2_5() throws {
        let world = try World()
        let listener = world.listener("a", 1)
        let publisher = world.v5()
        for dup in [false, true, true] {
            publisher.send(.publish("a", "x", qos: 1, id: 1, dup: dup))
            publisher.expect(.pubAck(1))
            listener.expectPublish("a", "x", qos: 1)
        }
    }
}
