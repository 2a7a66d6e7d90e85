import IoTPolicy
import MartletTesting
import Testing

@testable import MartletBroker

@Suite("MQTT 5.0, sections 3.8 and 3.9 SUBSCRIBE and SUBACK")
struct SubscribeV5Tests {
    @Test("[MQTT-3.8.1-1] SUBSCRIBE flags 0010, else Malformed and close")
    func mqtt_3_8_1_1() throws {
        let world = try World()
        for flags in UInt8(0)...15 where flags != 2 { world.expectRefusal(0x81, of: Wire.subscribe(1, ("a", 0)).flags(flags)) }
        world.expectAccepted(.subscribe(1, ("a", 0)))
    }

    @Test("[MQTT-3.8.3-1] Filters valid UTF-8")
    func mqtt_3_8_3_1() throws {
        let world = try World()
        for illFormed in ["FF", "C3 28", "ED A0 80"] {
            world.expectRefusal(0x81, of: Wire.subscribe(1).appending(field(hex(illFormed)) + [0]))
        }
        world.expectAccepted(.subscribe(1, ("\u{E9}", 0)))
    }

    @Test("[MQTT-3.8.3-2] At least one filter, else Protocol Error")
    func mqtt_3_8_3_2() throws {
        let world = try World()
        world.expectRefusal(0x82, of: .subscribe(1))
        world.expectRefusal(0x82, of: .subscribe(1, properties: [.subscriptionID(1)]))
        world.expectAccepted(.subscribe(1, ("a", 0)))
    }

    @Test("[MQTT-3.8.3-3] No Local 1: do not echo to the publishing client id")
    func mqtt_3_8_3_3() throws {
        let world = try World()
        let other = world.listener("a", 1)
        let keeper = world.kept()
        for client in [world.v5(), keeper] {
            client.subscribe("a", 1 | Option.noLocal)
            client.subscribe("b", 1, id: 2)
            client.send(.publish("a", "own", qos: 1, id: 1), .publish("a", "own"), .publish("b", "own", qos: 1, id: 2))
            client.expect(.pubAck(1))
            client.expectInAnyOrder(.pubAck(2), .publish("b", "own", qos: 1, id: 1))
            other.expectPublish("a", "own", qos: 1)
            other.expectPublish("a", "own")
            other.send(.publish("a", "foreign"))
            client.expectPublish("a", "foreign")
            other.expectPublish("a", "foreign")
            client.send(.unsubscribe(3, "a", "b"))
            client.expect(.unsubAck(3, 0, 0))
        }
    }

    @Test("[MQTT-3.8.3-4] No Local on $share: Protocol Error")
    func mqtt_3_8_3_4() throws {
        let world = try World()
        world.expectRefusal(0x82, of: .subscribe(1, ("$share/g/a", Option.noLocal)))
        world.expectRefusal(0x82, of: .subscribe(1, ("a", 0), ("$share/g/a", 1 | Option.noLocal)))
        world.expectAccepted(.subscribe(1, ("$share/g/a", 1), ("a", Option.noLocal)))
    }

    @Test("[MQTT-3.8.3-5] Reserved option bits must be 0, else Malformed (also Retain Handling 3, QoS 3)")
    func mqtt_3_8_3_5() throws {
        let world = try World()
        for options: UInt8 in [0x40, 0x80, 0xC0, 0x30, 0x03, 0x41] {
            world.expectRefusal(0x81, of: .subscribe(1, ("a", options)))
        }
        let client = world.v5()
        for options: UInt8 in [0x00, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x2E] { client.subscribe("a", options) }
    }

    @Test("[MQTT-3.8.4-1] Answer with SUBACK")
    func mqtt_3_8_4_1() throws {
        let client = try World().v5()
        client.send(.subscribe(1, ("a", 1)))
        client.expect(.hex("90 04 00 01 00 01"))
        client.send(.subscribe(2, ("a/#/b", 1)))
        client.expect(.hex("90 04 00 02 00 8F"))
    }

    @Test("[MQTT-3.8.4-2] SUBACK same id")
    func mqtt_3_8_4_2() throws {
        let client = try World().v5()
        for id: UInt16 in [1, 0x00FF, 0xFF00, 0xFFFF] {
            client.send(.subscribe(id, ("a", 0)))
            client.expect(.subAck(id, 0))
        }
    }

    @Test("[MQTT-3.8.4-3] Identical non-shared filter replaces the subscription")
    func mqtt_3_8_4_3() throws {
        let world = try World()
        let publisher = world.v5()
        for client in [world.v5("listener", on: 1), world.kept()] {
            client.subscribe("a", 2)
            client.send(.subscribe(2, ("a", 0 | Option.retainAsPublished), properties: [.subscriptionID(7)]))
            client.expect(.subAck(2, 0))
            publisher.send(.publish("a", "x", qos: 1, id: 1, retain: true))
            client.expect(.publish("a", "x", retain: true, properties: [.subscriptionID(7)]))
            client.expectNothing()
            client.send(.unsubscribe(3, "a"))
            client.expect(.unsubAck(3, 0))
            publisher.send(.publish("a", "", retain: true))
            client.expectNothing()
        }
        // A shared subscription of the same filter is another one.
        let listener = world.listener("b", 0)
        listener.subscribe("$share/g/b", 0)
        publisher.send(.publish("b", "x"))
        listener.expect(.publish("b", "x"), .publish("b", "x"))
    }

    @Test("[MQTT-3.8.4-4] Replacement with Retain Handling 0 re-sends retained; no message lost")
    func mqtt_3_8_4_4() throws {
        let world = try World()
        let publisher = world.v5()
        publisher.send(.publish("a", "retained", retain: true))
        for client in [
            world.v5("listener", on: 1, properties: [.receiveMaximum(1)]), world.kept(properties: [.receiveMaximum(1)]),
        ] {
            // The retained message may come before SUBACK.
            client.send(.subscribe(1, ("a", 1)))
            client.expectInAnyOrder(.subAck(1, 1), .publish("a", "retained", retain: true))
            publisher.send(.publish("a", "1", qos: 1, id: 1), .publish("a", "2", qos: 1, id: 2))
            let first = client.expectPublish("a", "1", qos: 1)
            client.send(.subscribe(2, ("a", 1)))
            client.expectInAnyOrder(.subAck(2, 1), .publish("a", "retained", retain: true))
            client.send(.pubAck(first))
            client.send(.pubAck(client.expectPublish("a", "2", qos: 1)))
            client.expectNothing()
        }
    }

    @Test("[MQTT-3.8.4-5] Several filters: sequence semantics, one SUBACK")
    func mqtt_3_8_4_5() throws {
        let world = try World()
        let publisher = world.v5()
        publisher.send(.publish("b", "retained", retain: true))
        let client = world.v5("listener", on: 1)
        client.send(.subscribe(1, ("a", 0), ("a/#/b", 1), ("b", 2), ("a", 1)))
        client.expect(.subAck(1, 0, 0x8F, 2, 1), .publish("b", "retained", retain: true))
        client.expectNothing()
        // The second of the same filter replaced the first.
        publisher.send(.publish("a", "x", qos: 1, id: 1))
        client.expectPublish("a", "x", qos: 1)
        client.expectNothing()
    }

    @Test("[MQTT-3.8.4-6] One code per filter/options pair")
    func mqtt_3_8_4_6() throws {
        let client = try World().v5()
        for count in 1...30 {
            let filters = (0..<count).map { field($0 % 3 == 0 ? "#/bad" : "f/\($0)") + [UInt8($0 % 3)] }
            client.send(Wire.subscribe(1).appending(filters.flatMap { $0 }))
            let codes = try client.next(.subAck).codes
            let wanted: [UInt8] = (0..<count).map { $0 % 3 == 0 ? 0x8F : UInt8($0 % 3) }
            #expect(codes == wanted)
        }
    }

    @Test("[MQTT-3.8.4-7] Code is granted QoS or a failure")
    func mqtt_3_8_4_7() throws {
        let world = try World()
        let client = world.v5("listener", on: 1)
        client.send(.subscribe(1, ("a", 0), ("b", 1), ("c", 2), ("$aws/unknown", 2), ("", 1)))
        client.expect(.subAck(1, 0, 1, 2, 0x8F, 0x8F))
        // What failed is not subscribed to, and what was granted is.
        let publisher = world.v5()
        for topic in ["a", "b", "c"] {
            publisher.send(.publish(topic, "x", qos: 2, id: 1), .pubRel(1))
            client.expectPublish(topic, "x", qos: topic == "a" ? 0 : topic == "b" ? 1 : 2)
        }
        let denied = try World(authority: FixedAuthority(policies: [try .allowing("iot:Connect")])).v5()
        denied.send(.subscribe(1, ("a", 1)))
        denied.expect(.subAck(1, 0x87))
    }

    @Test("[MQTT-3.8.4-8] Delivery QoS = min(publish, granted)")
    func mqtt_3_8_4_8() throws {
        let world = try World()
        let publisher = world.v5()
        for granted: UInt8 in 0...2 {
            for client in [world.v5("listener", on: 1), world.kept("keeper\(granted)")] {
                client.subscribe("a", granted)
                for qos: UInt8 in 0...2 {
                    publisher.send(.publish("a", "\(qos)", qos: qos, id: qos == 0 ? nil : UInt16(qos)))
                    client.expectPublish("a", "\(qos)", qos: min(qos, granted))
                }
                publisher.send(.pubRel(2))
                client.send(.disconnect())
            }
        }
    }

    @Test("[MQTT-3.9.2-1] SUBACK Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_9_2_1() throws {
        try expectNoReasonString(.subscribe(9, ("$aws/unknown", 1)), .subAck)
    }

    @Test("[MQTT-3.9.2-2] SUBACK User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_9_2_2() throws {
        try expectNoUserProperties(.subscribe(9, ("$aws/unknown", 1)), .subAck)
    }

    @Test("[MQTT-3.9.3-1] SUBACK codes in filter order")
    func mqtt_3_9_3_1() throws {
        let client = try World().v5()
        client.send(.subscribe(1, ("c", 2), ("#/x", 0), ("a", 0), ("b", 1), ("x+", 2)))
        client.expect(.subAck(1, 2, 0x8F, 0, 1, 0x8F))
    }

    @Test("[MQTT-3.9.3-2] Defined SUBACK codes only")
    func mqtt_3_9_3_2() throws {
        let defined: Set<UInt8> = [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]
        var limits = BrokerLimits()
        limits.filtersPerSubscribe = 8
        limits.subscriptionsPerConnection = 4
        limits.topicBytes = 10
        let connectOnly = FixedAuthority(policies: [try .allowing("iot:Connect", "iot:Publish")])
        for world in [try World(), try World(limits: limits), try World(authority: connectOnly)] {
            let client = world.v5()
            client.send(.publish("a", "", qos: 2, id: 2), .subscribe(2, ("a", 0)))
            client.send(.subscribe(1, ("a", 0), ("b", 1), ("c", 2), ("#/x", 0), ("$aws/unknown", 0), ("", 0), ("$share/g", 0)))
            client.send(
                .subscribe(
                    3, ("d", 0), ("e", 0), ("$aws/things/t/jobs/get", 0), ("$aws/things/t/jobs/notify", 0), ("0123456789A", 0)))
            client.send(Wire.subscribe(4).appending((0..<9).flatMap { field("f/\($0)") + [0] }))
            let answers = client.takeAll().filter { $0.type == .subAck }
            #expect(answers.map(\.codes.count) == [1, 7, 5, 9])
            for code in answers.flatMap(\.codes) { #expect(defined.contains(code), "\(code)") }
            client.expectStanding()
        }
    }
}
