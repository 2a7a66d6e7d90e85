import Testing

@Suite("MQTT 5.0, section 3.3.1 PUBLISH, DUP, QoS and RETAIN")
struct PublishHeaderV5Tests {
    @Test("[MQTT-3.3.1-1] DUP 1 on re-delivery")
    func mqtt_3_3_1_1() throws {
        let world = try World()
        for qos: UInt8 in 1...2 {
            let id = "keeper\(qos)"
            let keeper = world.kept(id)
            keeper.subscribe("a", qos)
            world.v5().send(.publish("a", "x", qos: qos, id: 1))
            let packetID = keeper.expectPublish("a", "x", qos: qos, dup: false)
            keeper.cut()
            let back = world.kept(id, isPresent: true)
            #expect(back.expectPublish("a", "x", qos: qos, dup: true) == packetID)
        }
    }

    @Test("[MQTT-3.3.1-2] DUP 0 on QoS 0")
    func mqtt_3_3_1_2() throws {
        let world = try World()
        world.expectRefusal(0x81, of: Wire.publish("a", "x").flags(0x08))
        let listener = world.listener("a", 0)
        world.v5().send(.publish("a", "x", qos: 1, id: 1, dup: true))
        listener.expect(.publish("a", "x"))
    }

    @Test("[MQTT-3.3.1-3] DUP is not copied from input")
    func mqtt_3_3_1_3() throws {
        let world = try World()
        let listener = world.listener("a", 2)
        let publisher = world.v5()
        for qos: UInt8 in 1...2 {
            publisher.send(.publish("a", "x", qos: qos, id: UInt16(qos), dup: true))
            listener.expectPublish("a", "x", qos: qos, dup: false)
        }
    }

    @Test("[MQTT-3.3.1-4] QoS bits 3 is Malformed; close (0x81)")
    func mqtt_3_3_1_4() throws {
        let world = try World()
        for flags: UInt8 in [0x06, 0x07, 0x0E, 0x0F] {
            world.expectRefusal(0x81, of: Wire.publish("a", "x", qos: 2, id: 1).flags(flags))
        }
        world.expectAccepted(.publish("a", "x", qos: 2, id: 1))
    }

    @Test("[MQTT-3.3.1-5] RETAIN 1: replace the stored message")
    func mqtt_3_3_1_5() throws {
        let world = try World()
        let publisher = world.v5()
        publisher.send(
            .publish("a", "old", retain: true),
            .publish("a", "new", qos: 1, id: 1, retain: true, properties: [.contentType("t")]))
        let listener = world.listener("a", 1)
        listener.expectPublish("a", "new", qos: 1, retain: true, properties: [.contentType("t")])
        listener.expectNothing()
    }

    @Test("[MQTT-3.3.1-6] Zero-length retained: forward and delete")
    func mqtt_3_3_1_6() throws {
        let world = try World()
        let publisher = world.v5()
        publisher.send(.publish("a", "x", retain: true))
        let listener = world.listener("a")
        listener.expect(.publish("a", "x", retain: true))
        publisher.send(.publish("a", "", retain: true))
        listener.expect(.publish("a", ""))
        world.listener("a", as: "late").expectNothing()
    }

    @Test("[MQTT-3.3.1-7] Never store zero-length retained")
    func mqtt_3_3_1_7() throws {
        let world = try World()
        world.v5().send(.publish("a", "", qos: 1, id: 1, retain: true, properties: [.contentType("t")]))
        world.listener("a").expectNothing()
    }

    @Test("[MQTT-3.3.1-8] RETAIN 0 leaves stored message alone")
    func mqtt_3_3_1_8() throws {
        let world = try World()
        let publisher = world.v5()
        publisher.send(.publish("b", "y"), .publish("a", "x", retain: true), .publish("a", "other"), .publish("a", ""))
        let listener = world.listener("#")
        listener.expect(.publish("a", "x", retain: true))
        listener.expectNothing()
    }

    @Test("[MQTT-3.3.1-9] Retain Handling 0: send matching retained")
    func mqtt_3_3_1_9() throws {
        let world = try World()
        let publisher = world.v5()
        publisher.send(.publish("a/1", "x", retain: true), .publish("a/2", "y", retain: true), .publish("b", "z", retain: true))
        let listener = world.listener("a/+", 0)
        listener.expectInAnyOrder(.publish("a/1", "x", retain: true), .publish("a/2", "y", retain: true))
        listener.subscribe("a/+", 0)
        listener.expectInAnyOrder(.publish("a/1", "x", retain: true), .publish("a/2", "y", retain: true))
    }

    @Test("[MQTT-3.3.1-10] Retain Handling 1: only if the subscription is new")
    func mqtt_3_3_1_10() throws {
        let world = try World()
        world.v5().send(.publish("a", "x", retain: true))
        let listener = world.listener("a", Option.sendRetainedIfNew)
        listener.expect(.publish("a", "x", retain: true))
        listener.subscribe("a", Option.sendRetainedIfNew)
        listener.expectNothing()
        listener.send(.unsubscribe(2, "a"), .subscribe(3, ("a", Option.sendRetainedIfNew)))
        listener.expect(.unsubAck(2, 0), .subAck(3, 0), .publish("a", "x", retain: true))
    }

    @Test("[MQTT-3.3.1-11] Retain Handling 2: never")
    func mqtt_3_3_1_11() throws {
        let world = try World()
        world.v5().send(.publish("a", "x", retain: true))
        let listener = world.listener("a", Option.sendNoRetained)
        listener.expectNothing()
        listener.subscribe("a", Option.sendNoRetained)
        listener.expectNothing()
        world.v5().send(.publish("a", "live"))
        listener.expect(.publish("a", "live"))
    }

    @Test("[MQTT-3.3.1-12] Retain As Published 0: clear RETAIN when forwarding")
    func mqtt_3_3_1_12() throws {
        let world = try World()
        let listener = world.listener("a", 1)
        let keeper = world.kept()
        keeper.subscribe("a", 1)
        world.v5().send(.publish("a", "0", retain: true), .publish("a", "1", qos: 1, id: 1, retain: true))
        for client in [listener, keeper] {
            client.expectPublish("a", "0", retain: false)
            client.expectPublish("a", "1", qos: 1, retain: false)
        }
    }

    @Test("[MQTT-3.3.1-13] Retain As Published 1: copy RETAIN")
    func mqtt_3_3_1_13() throws {
        let world = try World()
        let listener = world.listener("a", 1 | Option.retainAsPublished)
        let keeper = world.kept()
        keeper.subscribe("a", 1 | Option.retainAsPublished)
        let publisher = world.v5()
        publisher.send(.publish("a", "0", retain: true), .publish("a", "1", qos: 1, id: 1, retain: true))
        publisher.send(.publish("a", "2"), .publish("a", "3", qos: 1, id: 2))
        for client in [listener, keeper] {
            client.expectPublish("a", "0", retain: true)
            client.expectPublish("a", "1", qos: 1, retain: true)
            client.expectPublish("a", "2", retain: false)
            client.expectPublish("a", "3", qos: 1, retain: false)
        }
    }
}
