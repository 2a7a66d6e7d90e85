import Testing

@testable import MartletBroker

@Suite("MQTT 5.0, section 3.1 CONNECT, what the client can take")
struct ConnectLimitsV5Tests {
    @Test("[MQTT-3.1.2-24] Never send a packet above the client Maximum Packet Size")
    func mqtt_3_1_2_24() throws {
        let world = try World()
        let publisher = world.v5()
        // PUBLISH "a" with a payload of n bytes is 6 + n bytes long, and 8 + n with an identifier.
        for qos: UInt8 in 0...2 {
            let listener = world.listener("a", qos, properties: [.maximumPacketSize(40)])
            let fits = String(repeating: "x", count: qos == 0 ? 34 : 32)
            publisher.send(
                .publish("a", fits + "y", qos: qos, id: qos == 0 ? nil : 1),
                .publish("a", fits, qos: qos, id: qos == 0 ? nil : 2))
            let frame = try listener.nextPublish("a", fits, qos: qos)
            #expect(frame.bytes.count == 40)
            listener.expectNothing()
            publisher.send(.pubRel(1), .pubRel(2))
            _ = publisher.takeAll()
        }
    }

    @Test("[MQTT-3.1.2-25] Too-large message: discard for that client and act as if sent")
    func mqtt_3_1_2_25() throws {
        let world = try World()
        let large = String(repeating: "x", count: 100)
        let publisher = world.v5()
        let other = world.listener("a", 1, as: "other")
        let small = world.listener("a", 1, properties: [.maximumPacketSize(40), .receiveMaximum(1)])
        let keeper = world.kept(properties: [.maximumPacketSize(40), .receiveMaximum(1)])
        keeper.subscribe("a", 1)
        publisher.send(.publish("a", large, qos: 1, id: 1), .publish("a", "s", qos: 1, id: 2))
        publisher.expect(.pubAck(1), .pubAck(2))
        other.expectPublish("a", large, qos: 1)
        // It takes no place in the window, and does not come back with the session.
        small.expectPublish("a", "s", qos: 1)
        let frame = try keeper.nextPublish("a", "s", qos: 1)
        keeper.send(.pubAck(try #require(frame.packetID)))
        keeper.cut()
        world.kept(isPresent: true).expectNothing()
    }

    @Test("[MQTT-3.1.2-26] Outbound alias never above the client Topic Alias Maximum")
    func mqtt_3_1_2_26() throws {
        let world = try World()
        let listener = world.listener("#", properties: [.topicAliasMaximum(3)])
        let publisher = world.v5()
        for number in 0..<20 { publisher.send(.publish("topic/\(number % 5)", "")) }
        let aliases = listener.takeAll().compactMap { $0.property(0x23) }
        #expect(!aliases.isEmpty)
        #expect(aliases.allSatisfy { $0[0] == 0 && (1...3).contains($0[1]) })
    }

    @Test("[MQTT-3.1.2-27] Client maximum absent or 0: send no aliases")
    func mqtt_3_1_2_27() throws {
        let world = try World()
        for properties in [[], [Property.topicAliasMaximum(0)]] {
            let listener = world.listener("a", properties: properties)
            let publisher = world.v5()
            for _ in 0..<5 { publisher.send(.publish("a", "x", properties: [.topicAlias(1)])) }
            listener.expect(.publish("a", "x"), .publish("a", "x"), .publish("a", "x"), .publish("a", "x"), .publish("a", "x"))
        }
        let able = world.listener("a", properties: [.topicAliasMaximum(1)])
        world.v5().send(.publish("a", "x"))
        #expect(try able.next(.publish).property(0x23) == [0, 1])
    }

    @Test("[MQTT-3.1.2-28] Request Response Information 0: do not return Response Information")
    func mqtt_3_1_2_28() throws {
        var behaviour = BrokerBehaviour()
        behaviour.responseInformation = "responses/"
        let world = try World(behaviour: behaviour)
        for (request, expected) in [
            ([], nil), ([Property.requestResponseInformation(0)], nil), ([.requestResponseInformation(1)], field("responses/")),
        ] {
            let client = world.client(.v5)
            client.send(.connect("a", properties: request))
            #expect(client.expectConnAck().first { $0.id == 0x1A }?.value == expected)
        }
    }

    @Test("[MQTT-3.1.2-29] Request Problem Information 0: Reason String/User Property only on PUBLISH, CONNACK, DISCONNECT")
    func mqtt_3_1_2_29() throws {
        let world = try World()
        let denied: [Wire] = [
            .publish("$aws/unknown", "", qos: 1, id: 1), .publish("$aws/unknown", "", qos: 2, id: 2), .pubRel(3), .pubRec(4),
            .subscribe(5, ("$aws/unknown", 0)), .unsubscribe(6, "none"),
        ]
        let silent = world.v5("silent", properties: [.requestProblemInformation(0)])
        let told = world.v5("told", properties: [.requestProblemInformation(1)])
        for packet in denied {
            silent.send(packet)
            told.send(packet)
        }
        let answers = silent.takeAll()
        #expect(answers.map(\.type) == [.pubAck, .pubRec, .pubComp, .pubRel, .subAck, .unsubAck])
        for answer in answers { #expect(answer.properties == []) }
        // It can say more, to those who listen; and user properties of a PUBLISH are not withheld.
        #expect(told.takeAll().contains { $0.property(Property.reasonStringID) != nil })
        silent.subscribe("a")
        told.send(.publish("a", "", properties: [.user("k", "v")]))
        silent.expect(.publish("a", "", properties: [.user("k", "v")]))
    }
}
