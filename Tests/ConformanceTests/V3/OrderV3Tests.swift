import Testing

@Suite("MQTT 3.1.1, section 4.6 Order")
struct OrderV3Tests {
    @Test("[MQTT-4.6.0-1] PUBLISHes are sent again in the order in which they were sent", arguments: [false, true])
    func mqtt_4_6_0_1(restarts: Bool) throws {
        let world = try World()
        let first = world.subscriber("+", 2, as: "s", clean: false)
        let publisher = world.connect("p")
        for number in 1...6 as ClosedRange<UInt16> {
            publisher.send(.publish("t\(number % 3)", "\(number)", qos: UInt8(number % 2) + 1, id: number))
        }
        let sent = first.takeAll()
        #expect(sent.map(\.payload) == (1...6).map(String.init))
        if restarts { try world.restart() } else { first.cut() }
        let again = world.connect("s", clean: false, sessionPresent: true).takeAll()
        #expect(again.map(\.payload) == sent.map(\.payload))
        #expect(again.map(\.packetID) == sent.map(\.packetID))
        #expect(again.allSatisfy(\.isDuplicate))
    }

    @Test("[MQTT-4.6.0-2] PUBACKs come in the order of their PUBLISHes")
    func mqtt_4_6_0_2() throws {
        let world = try World()
        world.subscriber("stored", 1, as: "away", clean: false).cut()
        let publisher = world.connect("p")
        publisher.send(
            .publish("stored", "1", qos: 1, id: 30), .publish("a", "2", qos: 1, id: 10),
            .publish("kept", "3", qos: 1, id: 20, retain: true), .publish("a", "4", qos: 1, id: 5))
        publisher.expect(.pubAck(30), .pubAck(10), .pubAck(20), .pubAck(5))
    }

    @Test("[MQTT-4.6.0-3] PUBRECs come in the order of their PUBLISHes")
    func mqtt_4_6_0_3() throws {
        let world = try World()
        world.subscriber("stored", 2, as: "away", clean: false).cut()
        let publisher = world.connect("p", clean: false)
        publisher.send(
            .publish("stored", "1", qos: 2, id: 30), .publish("a", "2", qos: 2, id: 10),
            .publish("kept", "3", qos: 2, id: 20, retain: true), .publish("a", "4", qos: 2, id: 5))
        publisher.expect(.pubRec(30), .pubRec(10), .pubRec(20), .pubRec(5))
    }

    @Test("[MQTT-4.6.0-4] PUBRELs go out in the order of the PUBRECs", arguments: [false, true])
    func mqtt_4_6_0_4(isKept: Bool) throws {
        let world = try World()
        let subscriber = world.subscriber("a", 2, as: "s", clean: !isKept)
        let publisher = world.connect("p")
        for id in 1...3 as ClosedRange<UInt16> { publisher.send(.publish("a", "\(id)", qos: 2, id: id)) }
        let ids = (1...3).map { subscriber.expectPublish("a", "\($0)", qos: 2) }
        subscriber.send(.pubRec(ids[1]), .pubRec(ids[0]), .pubRec(ids[2]))
        subscriber.expect(.pubRel(ids[1]), .pubRel(ids[0]), .pubRel(ids[2]))
    }

    @Test("[MQTT-4.6.0-5] Every topic is ordered")
    func mqtt_4_6_0_5() throws {
        for topic in ["a", "a/b/c", "$own/topic", "/"] { try expectOrder(topic, qos: [1]) }
    }

    @Test("[MQTT-4.6.0-6] What one client publishes at one QoS on a topic is forwarded in that order", arguments: [0 as UInt8, 1, 2])
    func mqtt_4_6_0_6(qos: UInt8) throws { try expectOrder("a", qos: [qos, 2, 0, 1]) }

    /// Publishes from a client whose QoS changes, to subscribers on both loops and to one that comes back.
    private func expectOrder(_ topic: String, qos: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let world = try World()
        let subscribers = (0..<4).map {
            world.subscriber(topic, UInt8($0 % 3), as: "s\($0)", on: $0 % 2, clean: $0 != 2)
        }
        world.subscriber(topic, 2, as: "away", clean: false).cut()
        let publisher = world.connect("p")
        var published: [UInt8: [String]] = [:]
        for number in 1...20 as ClosedRange<UInt16> {
            let qos = qos[Int(number) % qos.count]
            published[qos, default: []].append("\(number)")
            publisher.send(.publish(topic, "\(number)", qos: qos, id: qos == 0 ? nil : number))
        }
        let away = world.connect("away", clean: false, sessionPresent: true)
        for client in subscribers + [away] {
            let payloads = client.takeAll().map(\.payload)
            for (qos, sent) in published where client !== away || qos > 0 {
                #expect(payloads.filter(Set(sent).contains) == sent, sourceLocation: sourceLocation)
            }
        }
    }
}
