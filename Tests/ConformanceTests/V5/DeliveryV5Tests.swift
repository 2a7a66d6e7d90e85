import Testing

@Suite("MQTT 5.0, sections 4.4 to 4.6 Retry, receipt and order")
struct DeliveryV5Tests {
    @Test("[MQTT-4.4.0-1] Resend only on reconnect with session present, original ids; never otherwise")
    func mqtt_4_4_0_1() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 2)
        world.v5().send(.publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 2, id: 2), .publish("a", "3", qos: 2, id: 3))
        let one = keeper.expectPublish("a", "1", qos: 1)
        let two = keeper.expectPublish("a", "2", qos: 2)
        let three = keeper.expectPublish("a", "3", qos: 2)
        keeper.send(.pubRec(two))
        keeper.expect(.pubRel(two))
        world.advance(seconds: 1000)
        keeper.expectNothing()
        keeper.cut()
        let back = world.kept(isPresent: true)
        back.expectInAnyOrder(
            .publish("a", "1", qos: 1, id: one, dup: true), .pubRel(two), .publish("a", "3", qos: 2, id: three, dup: true))
        world.advance(seconds: 1000)
        back.expectNothing()
        // A new session has nothing to resend.
        back.cut()
        world.connect("keeper", .v5, clean: true).expectNothing()
    }

    @Test("[MQTT-4.4.0-2] PUBACK/PUBREC >= 0x80 counts as acknowledged")
    func mqtt_4_4_0_2() throws {
        let world = try World()
        for client in [
            world.v5("listener", on: 1, properties: [.receiveMaximum(1)]), world.kept(properties: [.receiveMaximum(1)]),
        ] {
            client.subscribe("a", 2)
            let publisher = world.v5()
            publisher.send(
                .publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 2, id: 2), .publish("a", "3", qos: 1, id: 3))
            client.send(.pubAck(client.expectPublish("a", "1", qos: 1), code: 0x80))
            client.send(.pubRec(client.expectPublish("a", "2", qos: 2), code: 0x97))
            client.send(.pubAck(client.expectPublish("a", "3", qos: 1), code: 0x99))
            client.expectNothing()
            client.cut()
        }
        world.kept(isPresent: true).expectNothing()
    }

    @Test("[MQTT-4.5.0-1] Add owned messages to all matching sessions")
    func mqtt_4_5_0_1() throws {
        let world = try World()
        let near = world.listener("a/#", 2, as: "near", on: 0)
        let far = world.listener("+/b", 1, as: "far", on: 1)
        let offline = world.kept("offline")
        offline.subscribe("a/b", 2)
        offline.cut()
        let connected = world.kept("connected")
        connected.subscribe("#", 1)
        let stranger = world.listener("a/c", 2, as: "stranger")
        world.v5().send(.publish("a/b", "x", qos: 2, id: 1))
        near.expectPublish("a/b", "x", qos: 2)
        far.expectPublish("a/b", "x", qos: 1)
        connected.expectPublish("a/b", "x", qos: 1)
        world.kept("offline", isPresent: true).expectPublish("a/b", "x", qos: 2)
        stranger.expectNothing()
    }

    @Test("[MQTT-4.6.0-1] Re-send in original order (stated for clients; apply to the server too)")
    func mqtt_4_6_0_1() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("#", 2)
        let publisher = world.v5()
        for number in 1...10 {
            publisher.send(.publish("t/\(number % 3)", "\(number)", qos: UInt8(number % 2) + 1, id: UInt16(number)))
        }
        let first = keeper.takeAll()
        #expect(first.map(\.payload) == (1...10).map(String.init))
        keeper.send(.pubAck(try #require(first[3].packetID)))
        keeper.cut()
        let again = world.kept(isPresent: true).takeAll()
        #expect(again.map(\.payload) == ["1", "2", "3", "5", "6", "7", "8", "9", "10"])
        #expect(again.map(\.packetID) == first.filter { $0.payload != "4" }.map(\.packetID))
    }

    @Test("[MQTT-4.6.0-2] PUBACK in order (likewise)")
    func mqtt_4_6_0_2() throws {
        let world = try World(syncsAtOnce: false)
        let publisher = try expectAnswersInOrder(world, qos: 1)
        #expect(publisher == [.pubAck, .pubAck, .pubAck, .pubAck])
    }

    @Test("[MQTT-4.6.0-3] PUBREC in order (likewise)")
    func mqtt_4_6_0_3() throws {
        let world = try World(syncsAtOnce: false)
        let publisher = try expectAnswersInOrder(world, qos: 2)
        #expect(publisher == [.pubRec, .pubRec, .pubRec, .pubRec])
    }

    @Test("[MQTT-4.6.0-4] PUBREL in order (likewise)")
    func mqtt_4_6_0_4() throws {
        let world = try World()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.subscribe("a", 2)
            let publisher = world.v5()
            for id: UInt16 in 1...5 { publisher.send(.publish("a", "\(id)", qos: 2, id: id)) }
            let ids = client.takeAll().compactMap(\.packetID)
            #expect(ids.count == 5)
            let order = [ids[2], ids[0], ids[4], ids[1], ids[3]]
            client.send(order.flatMap { Wire.pubRec($0).bytes(.v5) })
            #expect(client.takeAll() == order.map { Frame(bytes: Wire.pubRel($0).bytes(.v5), version: .v5) })
        }
    }

    @Test("[MQTT-4.6.0-5] Ordered topic: forward in received order per publisher and QoS")
    func mqtt_4_6_0_5() throws {
        let world = try World()
        for client in [world.v5("listener", on: 1), world.kept(properties: [.receiveMaximum(3)])] {
            client.subscribe("a", 2)
            let publishers = [world.v5("one"), world.v5("two", on: 1)]
            for number in 1...20 {
                for (index, publisher) in publishers.enumerated() {
                    let qos = UInt8(number % 3)
                    publisher.send(.publish("a", "\(index):\(qos):\(number)", qos: qos, id: qos == 0 ? nil : UInt16(number)))
                }
            }
            var received: [String: [Int]] = [:]
            while let frame = client.frames.first {
                _ = try client.next(.publish)
                let parts = frame.payload.split(separator: ":").map(String.init)
                received[parts[0] + parts[1], default: []].append(try #require(Int(parts[2])))
                if let id = frame.packetID {
                    client.send(frame.qos == 1 ? .pubAck(id) : .pubRec(id))
                    if frame.qos == 2 {
                        try client.take(.pubRel(id))
                        client.send(.pubComp(id))
                    }
                }
            }
            #expect(received.count == 6)
            for numbers in received.values { #expect(numbers == numbers.sorted() && numbers.count >= 6) }
        }
    }

    @Test("[MQTT-4.6.0-6] All topics ordered by default on non-shared subscriptions")
    func mqtt_4_6_0_6() throws {
        let world = try World()
        for topic in ["a", "/", "a/b/c", "$other/x"] {
            let listener = world.listener(topic, 1)
            let keeper = world.kept("keeper \(topic)")
            keeper.subscribe(topic, 1)
            let publisher = world.v5()
            for number in 1...30 { publisher.send(.publish(topic, "\(number)", qos: 1, id: UInt16(number))) }
            #expect(listener.takeAll().map(\.payload) == (1...30).map(String.init))
            #expect(keeper.takeAll().map(\.payload) == (1...30).map(String.init))
        }
    }
}
