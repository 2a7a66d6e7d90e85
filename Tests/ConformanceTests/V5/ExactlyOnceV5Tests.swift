import Testing

@Suite("MQTT 5.0, section 4.3.3 QoS 2")
struct ExactlyOnceV5Tests {
    @Test("[MQTT-4.3.3-1] QoS 2 send: unused id")
    func mqtt_4_3_3_1() throws {
        let world = try World()
        let listener = world.listener("a", 2, properties: [.receiveMaximum(500)])
        let publisher = world.v5()
        // Some wait for PUBREC, some for PUBCOMP, and none of their identifiers is given out again.
        var inUse: Set<UInt16> = []
        for round in 0..<200 {
            publisher.send(.publish("a", "\(round)", qos: 2, id: 1), .pubRel(1))
            let id = listener.expectPublish("a", "\(round)", qos: 2)
            #expect(inUse.insert(id).inserted)
            if round % 2 == 0 { listener.send(.pubRec(id)) }
            if round % 4 == 0 {
                listener.send(.pubComp(id))
                inUse.remove(id)
            }
            _ = listener.takeAll()
        }
    }

    @Test("[MQTT-4.3.3-2] QoS 2 first send: DUP 0")
    func mqtt_4_3_3_2() throws {
        let world = try World()
        let publisher = world.v5()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.subscribe("a", 2)
            publisher.send(.publish("a", "x", qos: 2, id: 1, dup: true), .pubRel(1))
            client.expectPublish("a", "x", qos: 2, dup: false)
        }
    }

    @Test("[MQTT-4.3.3-3] QoS 2 PUBLISH unacknowledged until PUBREC")
    func mqtt_4_3_3_3() throws {
        let world = try World()
        var keeper = world.kept(properties: [.receiveMaximum(1)])
        keeper.subscribe("a", 2)
        world.v5().send(.publish("a", "1", qos: 2, id: 1), .publish("a", "2", qos: 2, id: 2))
        let id = keeper.expectPublish("a", "1", qos: 2)
        for _ in 0..<3 {
            keeper.expectNothing()
            keeper.cut()
            keeper = world.kept(isPresent: true, properties: [.receiveMaximum(1)])
            keeper.expect(.publish("a", "1", qos: 2, id: id, dup: true))
        }
        keeper.send(.pubRec(id))
        keeper.expect(.pubRel(id))
    }

    @Test("[MQTT-4.3.3-4] PUBREC < 0x80: send PUBREL with the id")
    func mqtt_4_3_3_4() throws {
        let world = try World()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.subscribe("a", 2)
            let publisher = world.v5()
            let codes: [UInt8?] = [nil, 0x00, 0x10, 0x80, 0x87]
            for (index, code) in codes.enumerated() {
                publisher.send(.publish("a", "\(index)", qos: 2, id: UInt16(index + 1)))
                let id = client.expectPublish("a", "\(index)", qos: 2)
                client.send(.pubRec(id, code: code))
                if code ?? 0 < 0x80 { client.expect(.pubRel(id)) }
                client.expectNothing()
            }
        }
    }

    @Test("[MQTT-4.3.3-5] PUBREL unacknowledged until PUBCOMP")
    func mqtt_4_3_3_5() throws {
        let world = try World()
        var keeper = world.kept(properties: [.receiveMaximum(1)])
        keeper.subscribe("a", 2)
        world.v5().send(.publish("a", "1", qos: 2, id: 1), .publish("a", "2", qos: 2, id: 2))
        let id = keeper.expectPublish("a", "1", qos: 2)
        keeper.send(.pubRec(id))
        keeper.expect(.pubRel(id))
        for _ in 0..<3 {
            keeper.cut()
            keeper = world.kept(isPresent: true, properties: [.receiveMaximum(1)])
            keeper.expect(.pubRel(id))
            keeper.expectNothing()
        }
        keeper.send(.pubComp(id))
        let next = keeper.expectPublish("a", "2", qos: 2)
        keeper.cut()
        world.kept(isPresent: true).expect(.publish("a", "2", qos: 2, id: next, dup: true))
    }

    @Test("[MQTT-4.3.3-6] No PUBLISH re-send after PUBREL")
    func mqtt_4_3_3_6() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 2)
        world.v5().send(.publish("a", "1", qos: 2, id: 1))
        let id = keeper.expectPublish("a", "1", qos: 2)
        keeper.send(.pubRec(id))
        keeper.expect(.pubRel(id))
        keeper.cut()
        try world.restart()
        let back = world.kept(isPresent: true)
        back.expect(.pubRel(id))
        back.expectNothing()
    }

    @Test("[MQTT-4.3.3-7] No expiry once the PUBLISH was sent")
    func mqtt_4_3_3_7() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 2)
        let publisher = world.v5()
        publisher.send(.publish("a", "sent", qos: 2, id: 1, properties: [.messageExpiry(5)]))
        let id = keeper.expectPublish("a", "sent", qos: 2, properties: [.messageExpiry(5)])
        keeper.cut()
        publisher.send(.publish("a", "waiting", qos: 2, id: 2, properties: [.messageExpiry(5)]))
        world.advance(seconds: 10)
        let back = world.kept(isPresent: true)
        let frame = try back.nextPublish("a", "sent", qos: 2)
        #expect(frame.packetID == id && frame.isDuplicate)
        back.expectNothing()
    }

    @Test("[MQTT-4.3.3-8] QoS 2 receive: PUBREC after ownership")
    func mqtt_4_3_3_8() throws {
        let world = try World()
        let listener = world.kept("listener")
        listener.subscribe("a", 2)
        listener.cut()
        let keeper = world.kept()
        keeper.send(.publish("a", "owned", qos: 2, id: 1))
        keeper.expect(.pubRec(1))
        try world.restart()
        let back = world.kept(isPresent: true)
        back.send(.publish("a", "owned", qos: 2, id: 1, dup: true))
        back.expect(.pubRec(1))
        let late = world.kept("listener", isPresent: true)
        late.expectPublish("a", "owned", qos: 2)
        late.expectNothing()
    }

    @Test("[MQTT-4.3.3-9] After PUBREC >= 0x80 the id is new")
    func mqtt_4_3_3_9() throws {
        let world = try World()
        let listener = world.listener("a", 2)
        let client = world.v5()
        client.send(.publish("$aws/unknown", "x", qos: 2, id: 1))
        client.expect(.pubRec, code: 0x90, id: 1)
        client.send(.publish("a", "new", qos: 2, id: 1))
        client.expect(.pubRec(1))
        listener.expectPublish("a", "new", qos: 2)
    }

    @Test("[MQTT-4.3.3-10] Duplicate before PUBREL: PUBREC again, no second delivery")
    func mqtt_4_3_3_10() throws {
        let world = try World()
        let listener = world.listener("a", 2)
        let keeper = world.kept()
        for client in [world.v5(), keeper] {
            client.send(.publish("a", "once", qos: 2, id: 1))
            client.expect(.pubRec(1))
            for dup in [true, false] {
                client.send(.publish("a", "once", qos: 2, id: 1, dup: dup))
                client.expect(.pubRec(1))
            }
            listener.expectPublish("a", "once", qos: 2)
            listener.expectNothing()
        }
        keeper.cut()
        let back = world.kept(isPresent: true)
        back.send(.publish("a", "once", qos: 2, id: 1, dup: true))
        back.expect(.pubRec(1))
        listener.expectNothing()
    }

    @Test("[MQTT-4.3.3-11] PUBREL answered by PUBCOMP")
    func mqtt_4_3_3_11() throws {
        let world = try World()
        for client in [world.v5(), world.kept()] {
            client.send(.publish("a", "", qos: 2, id: 0x0102), .pubRel(0x0102))
            client.expect(.hex("50 02 01 02"), .hex("70 02 01 02"))
        }
    }

    @Test("[MQTT-4.3.3-12] After PUBCOMP the id is new")
    func mqtt_4_3_3_12() throws {
        let world = try World()
        let listener = world.listener("a", 2)
        for client in [world.v5(), world.kept()] {
            for dup in [false, true, false] {
                client.send(.publish("a", "x", qos: 2, id: 1, dup: dup))
                client.send(.pubRel(1))
                client.expect(.pubRec(1), .pubComp(1))
                listener.expectPublish("a", "x", qos: 2)
            }
        }
    }

    @Test("[MQTT-4.3.3-13] Finish the QoS 2 handshake even if expired")
    func mqtt_4_3_3_13() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 2)
        let publisher = world.kept("publisher", on: 0)
        publisher.send(.publish("a", "x", qos: 2, id: 1, properties: [.messageExpiry(5)]))
        publisher.expect(.pubRec(1))
        let id = keeper.expectPublish("a", "x", qos: 2, properties: [.messageExpiry(5)])
        world.advance(seconds: 10)
        publisher.send(.publish("a", "x", qos: 2, id: 1, dup: true, properties: [.messageExpiry(5)]), .pubRel(1))
        publisher.expect(.pubRec(1), .pubComp(1))
        keeper.send(.pubRec(id))
        keeper.expect(.pubRel(id))
        keeper.cut()
        world.advance(seconds: 10)
        let back = world.kept(isPresent: true)
        back.expect(.pubRel(id))
        back.send(.pubComp(id))
        back.expectNothing()
    }
}
