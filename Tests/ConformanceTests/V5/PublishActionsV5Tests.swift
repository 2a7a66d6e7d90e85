import Testing

@testable import MartletBroker

@Suite("MQTT 5.0, section 3.3.4 PUBLISH, actions")
struct PublishActionsV5Tests {
    @Test("[MQTT-3.3.4-1] Answer per QoS")
    func mqtt_3_3_4_1() throws {
        let world = try World()
        let client = world.v5()
        client.send(.publish("a", "0"))
        client.expectNothing()
        client.send(.publish("a", "1", qos: 1, id: 1))
        client.expect(.hex("40 02 00 01"))
        client.send(.publish("a", "2", qos: 2, id: 2))
        client.expect(.hex("50 02 00 02"))
        client.send(.pubRel(2))
        client.expect(.hex("70 02 00 02"))
        client.expectNothing()
    }

    @Test("[MQTT-3.3.4-2] Overlap: respect the maximum QoS of matching subscriptions")
    func mqtt_3_3_4_2() throws {
        let world = try World()
        let listener = world.listener("a/#", 0)
        listener.subscribe("a/+", 2)
        listener.subscribe("+/b", 1)
        let publisher = world.v5()
        for qos: UInt8 in 0...2 {
            publisher.send(.publish("a/b", "x", qos: qos, id: qos == 0 ? nil : UInt16(qos)))
            #expect(listener.takeAll().map(\.qos).max() == qos)
        }
        publisher.send(.publish("a/b/c", "x", qos: 2, id: 9))
        #expect(listener.takeAll().map(\.qos) == [0])
    }

    @Test("[MQTT-3.3.4-3] Include subscription ids of the matching subscriptions")
    func mqtt_3_3_4_3() throws {
        let world = try World()
        let publisher = world.v5()
        for id in [1, 127, 128, 268_435_455] {
            let listener = world.v5("listener", on: 1)
            listener.send(.subscribe(1, ("a", 1), properties: [.subscriptionID(id)]))
            listener.expect(.subAck(1, 1))
            publisher.send(.publish("a", "x", qos: 1, id: 1))
            listener.expectPublish("a", "x", qos: 1, properties: [.subscriptionID(id)])
            // The id of a filter that does not match is not sent, and another SUBSCRIBE without an id takes the id away.
            listener.send(.subscribe(2, ("b", 1), properties: [.subscriptionID(5)]), .subscribe(3, ("a", 1)))
            listener.expect(.subAck(2, 1), .subAck(3, 1))
            publisher.send(.publish("a", "y", qos: 1, id: 1))
            listener.expectPublish("a", "y", qos: 1)
        }
        world.expectRefusal(0x82, of: .subscribe(1, ("a", 0), properties: [.subscriptionID(0)]))
    }

    @Test("[MQTT-3.3.4-4] Single copy carries all matching ids")
    func mqtt_3_3_4_4() throws {
        let world = try World()
        let publisher = world.v5()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.send(
                .subscribe(1, ("a/+", 1), properties: [.subscriptionID(1)]),
                .subscribe(2, ("a/b", 2), properties: [.subscriptionID(2)]),
                .subscribe(3, ("#", 0), properties: [.subscriptionID(300)]), .subscribe(4, ("+/b", 0)))
            client.expect(.subAck(1, 1), .subAck(2, 2), .subAck(3, 0), .subAck(4, 0))
            for qos: UInt8 in 0...2 {
                publisher.send(
                    .publish("a/b", "x", qos: qos, id: qos == 0 ? nil : UInt16(qos), properties: [.contentType("t")]))
                let frame = try client.nextPublish("a/b", "x", qos: qos)
                let ids = frame.properties.filter { $0.id == 0x0B }.map(\.value)
                #expect(Set(ids) == [variableByteInteger(1), variableByteInteger(2), variableByteInteger(300)])
                #expect(ids.count == 3)
                #expect(frame.property(0x03) == field("t"))
                client.expectNothing()
            }
            publisher.send(.pubRel(2))
            _ = publisher.takeAll()
        }
    }

    @Test("[MQTT-3.3.4-5] Multiple copies carry each its own id")
    func mqtt_3_3_4_5() throws {
        let world = try World()
        let listener = world.v5("listener", on: 1)
        // A shared subscription has a copy of its own.
        listener.send(
            .subscribe(1, ("$share/g/a", 0), properties: [.subscriptionID(1)]),
            .subscribe(2, ("a", 0), properties: [.subscriptionID(2)]))
        listener.expect(.subAck(1, 0), .subAck(2, 0))
        world.v5().send(.publish("a", "x"))
        listener.expectInAnyOrder(
            .publish("a", "x", properties: [.subscriptionID(1)]), .publish("a", "x", properties: [.subscriptionID(2)]))
    }

    @Test("[MQTT-3.3.4-6] Client PUBLISH with a subscription id is a Protocol Error (0x82)")
    func mqtt_3_3_4_6() throws {
        let world = try World()
        for qos: UInt8 in 0...2 {
            world.expectRefusal(0x82, of: .publish("a", "", qos: qos, id: qos == 0 ? nil : 1, properties: [.subscriptionID(1)]))
        }
        world.expectAccepted(.publish("a", ""))
    }

    @Test("[MQTT-3.3.4-7] Enforce server Receive Maximum on the client (0x93)")
    func mqtt_3_3_4_7() throws {
        var limits = BrokerLimits()
        limits.inflightIn = 2
        let world = try World(limits: limits)
        let client = world.client(.v5)
        client.send(.connect("a"))
        #expect(client.expectConnAck().contains(.receiveMaximum(2)))
        client.send(.publish("a", "", qos: 2, id: 1), .publish("a", "", qos: 2, id: 2))
        client.expect(.pubRec(1), .pubRec(2))
        // A repetition and QoS 0 take no place; a released identifier gives one back.
        client.send(
            .publish("a", "", qos: 2, id: 2, dup: true), .publish("a", ""), .pubRel(1), .publish("a", "", qos: 2, id: 3))
        client.expect(.pubRec(2), .pubComp(1), .pubRec(3))
        client.send(.publish("a", "", qos: 2, id: 4))
        client.expectDisconnect(0x93)
    }

    @Test("[MQTT-3.3.4-9] Never exceed the client Receive Maximum")
    func mqtt_3_3_4_9() throws {
        let world = try World()
        for client in [world.v5("a", on: 1, properties: [.receiveMaximum(2)]), world.kept(properties: [.receiveMaximum(2)])] {
            client.subscribe("a", 2)
            let publisher = world.v5()
            for id: UInt16 in 1...6 { publisher.send(.publish("a", "\(id)", qos: UInt8(id % 2) + 1, id: id)) }
            var open = client.takeAll()
            #expect(open.map(\.payload) == ["1", "2"])
            // The place of QoS 2 is free with PUBCOMP, not with PUBREC: "1" is QoS 2, "2" is QoS 1.
            let first = try #require(open[0].packetID)
            client.send(.pubRec(first))
            client.expect(.pubRel(first))
            client.expectNothing()
            client.send(.pubComp(first))
            client.expectPublish("a", "3", qos: 2)
            client.expectNothing()
            client.send(.pubAck(try #require(open[1].packetID)))
            open = client.takeAll()
            #expect(open.map(\.payload) == ["4"])
        }
    }

    @Test("[MQTT-3.3.4-10] A full window delays only PUBLISH, nothing else")
    func mqtt_3_3_4_10() throws {
        let world = try World()
        let listener = world.listener("a", 1, properties: [.receiveMaximum(1)])
        let publisher = world.v5()
        publisher.send(.publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 1, id: 2))
        let id = listener.expectPublish("a", "1", qos: 1)
        listener.send(
            .pingReq, .subscribe(7, ("b", 0)), .unsubscribe(8, "b"), .publish("c", "", qos: 1, id: 9),
            .publish("c", "", qos: 2, id: 10),
            .pubRel(10))
        listener.expect(.pingResp, .subAck(7, 0), .unsubAck(8, 0), .pubAck(9), .pubRec(10), .pubComp(10))
        listener.expectNothing()
        listener.send(.pubAck(id))
        listener.expectPublish("a", "2", qos: 1)
    }
}
