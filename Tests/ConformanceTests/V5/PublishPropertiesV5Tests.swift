import Testing

@testable import MartletBroker

@Suite("MQTT 5.0, section 3.3.2 PUBLISH, topic and properties")
struct PublishPropertiesV5Tests {
    @Test("[MQTT-3.3.2-1] Topic name first, valid UTF-8 (may be empty only with an alias)")
    func mqtt_3_3_2_1() throws {
        let world = try World()
        for qos: UInt8 in 0...2 {
            let id: UInt16? = qos == 0 ? nil : 1
            world.expectRefusal(0x81, of: .publish(topic: [0x61, 0xFF], payload: [], qos: qos, id: id))
            world.expectRefusal(0x82, of: .publish("", "x", qos: qos, id: id))
        }
        // A length that reaches beyond the packet.
        world.expectRefusal(0x81, of: .hex("30 03 00 09 61"))
        world.expectAccepted(.publish("a", "", properties: [.topicAlias(1)]), .publish("", "", properties: [.topicAlias(1)]))
    }

    @Test("[MQTT-3.3.2-2] No wildcards in topic name")
    func mqtt_3_3_2_2() throws {
        let world = try World()
        let listener = world.listener("#")
        for topic in ["#", "a/+", "+/a", "a#", "a+b"] {
            world.expectRefusal(0x90, of: .publish(topic, "x"))
            let client = world.v5()
            client.send(.publish(topic, "x", qos: 1, id: 1), .publish(topic, "x", qos: 2, id: 2))
            client.expect(.pubAck, code: 0x90, id: 1)
            client.expect(.pubRec, code: 0x90, id: 2)
            client.expectStanding()
        }
        listener.expectNothing()
    }

    @Test("[MQTT-3.3.2-3] Delivered topic matches the filter")
    func mqtt_3_3_2_3() throws {
        let world = try World()
        let listener = world.listener("a/+/c")
        let publisher = world.v5()
        for topic in ["a/b/c", "a//c", "a/b/d", "a/b", "a/b/c/d", "A/b/c", "/a/b/c", "a/b/c/"] {
            publisher.send(.publish(topic, "x"))
        }
        listener.expect(.publish("a/b/c", "x"), .publish("a//c", "x"))
        listener.expectNothing()
    }

    @Test("[MQTT-3.3.2-4] Payload Format Indicator forwarded unaltered")
    func mqtt_3_3_2_4() throws {
        let world = try World()
        let listener = world.listener("a", 1)
        let publisher = world.v5()
        // The indicator is a promise of the publisher: the server passes on what it said.
        for value: UInt8 in 0...1 {
            publisher.send(.publish("a", "x", properties: [.payloadFormat(value)]))
            listener.expect(.publish("a", "x", properties: [.payloadFormat(value)]))
        }
        publisher.send(.publish("a", "x"))
        listener.expect(.publish("a", "x"))
        world.expectRefusal(0x82, of: .publish("a", "x", properties: [.payloadFormat(2)]))
    }

    @Test("[MQTT-3.3.2-5] Expired before onward delivery began: delete that copy")
    func mqtt_3_3_2_5() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 1)
        keeper.cut()
        let busy = world.listener("a", 1, properties: [.receiveMaximum(1)])
        let publisher = world.v5()
        publisher.send(.publish("a", "0", qos: 1, id: 1, properties: [.messageExpiry(60)]))
        publisher.send(.publish("a", "1", qos: 1, id: 2, retain: true, properties: [.messageExpiry(5)]))
        world.advance(seconds: 6)
        let first = busy.expectPublish("a", "0", qos: 1, properties: [.messageExpiry(60)])
        busy.send(.pubAck(first))
        busy.expectNothing()
        world.listener("a", as: "late").expectNothing()
        let back = world.kept(isPresent: true)
        back.expectPublish("a", "0", qos: 1, properties: [.messageExpiry(54)])
        back.expectNothing()
    }

    @Test("[MQTT-3.3.2-6] Forward expiry minus time waited")
    func mqtt_3_3_2_6() throws {
        let world = try World()
        let keeper = world.kept()
        keeper.subscribe("a", 1)
        keeper.cut()
        let busy = world.listener("a", 1, properties: [.receiveMaximum(1)])
        let properties = [Property.user("k", "v"), .messageExpiry(100), .contentType("t")]
        let publisher = world.v5()
        publisher.send(
            .publish("a", "0", qos: 1, id: 1), .publish("a", "1", qos: 1, id: 2, retain: true, properties: properties))
        world.advance(seconds: 30)
        let left = [Property.user("k", "v"), .messageExpiry(70), .contentType("t")]
        busy.send(.pubAck(busy.expectPublish("a", "0", qos: 1)))
        busy.expectPublish("a", "1", qos: 1, properties: left)
        let back = world.kept(isPresent: true)
        back.expectPublish("a", "0", qos: 1)
        back.expectPublish("a", "1", qos: 1, properties: left)
        world.listener("a", 1, as: "late").expectPublish("a", "1", qos: 1, retain: true, properties: left)
    }

    @Test("[MQTT-3.3.2-7] Alias maps never survive a connection")
    func mqtt_3_3_2_7() throws {
        let world = try World()
        let keeper = world.kept(properties: [.topicAliasMaximum(1)])
        keeper.subscribe("a")
        keeper.send(.publish("a", "1", properties: [.topicAlias(1)]))
        keeper.expect(.publish("a", "1", properties: [.topicAlias(1)]))
        keeper.send(.publish("", "2", properties: [.topicAlias(1)]))
        keeper.expect(.publish("", "2", properties: [.topicAlias(1)]))
        keeper.cut()
        let back = world.kept(isPresent: true, properties: [.topicAliasMaximum(1)])
        world.v5().send(.publish("a", "3"))
        back.expect(.publish("a", "3", properties: [.topicAlias(1)]))
        back.send(.publish("", "4", properties: [.topicAlias(1)]))
        back.expectDisconnect(0x94)
    }

    @Test("[MQTT-3.3.2-8] Never send alias 0; inbound 0 is an error (0x94)")
    func mqtt_3_3_2_8() throws {
        let world = try World()
        world.expectRefusal(0x94, of: .publish("a", "", properties: [.topicAlias(0)]))
        world.expectAccepted(.publish("a", "", properties: [.topicAlias(1)]))
        let listener = world.listener("#", properties: [.topicAliasMaximum(2)])
        let publisher = world.v5()
        for number in 0..<10 { publisher.send(.publish("\(number % 3)", "")) }
        let aliases = listener.takeAll().compactMap { $0.property(0x23) }
        #expect(!aliases.isEmpty && !aliases.contains([0, 0]))
    }

    @Test("[MQTT-3.3.2-9] Enforce: client alias above server maximum gets 0x94")
    func mqtt_3_3_2_9() throws {
        var limits = BrokerLimits()
        limits.topicAliases = 3
        let world = try World(limits: limits)
        let client = world.client(.v5)
        client.send(.connect("a"))
        #expect(client.expectConnAck().contains(.topicAliasMaximum(3)))
        world.expectRefusal(0x94, of: .publish("a", "", properties: [.topicAlias(4)]))
        world.expectRefusal(0x94, of: .publish("a", "", properties: [.topicAlias(0xFFFF)]))
        world.expectAccepted(.publish("a", "", properties: [.topicAlias(3)]))
    }

    @Test("[MQTT-3.3.2-11] Outbound alias within client maximum")
    func mqtt_3_3_2_11() throws {
        let world = try World()
        let listener = world.listener("#", 1, properties: [.topicAliasMaximum(1)])
        let publisher = world.v5()
        publisher.send(
            .publish("a", "1"), .publish("b", "2"), .publish("b", "3", qos: 1, id: 1), .publish("a", "4"))
        // One alias is all there is, so the second topic has its name in full or takes the alias over.
        var topics: [UInt8: String] = [:]
        var received: [String] = []
        for frame in listener.takeAll() {
            var topic = frame.topic
            if let alias = frame.property(0x23) {
                #expect(alias == [0, 1])
                if topic.isEmpty { topic = topics[alias[1]] ?? "?" } else { topics[alias[1]] = topic }
            }
            received.append(topic + frame.payload)
        }
        #expect(received == ["a1", "b2", "b3", "a4"])
    }

    @Test("[MQTT-3.3.2-12] Accept every alias 1..advertised maximum")
    func mqtt_3_3_2_12() throws {
        let world = try World()
        let listener = world.listener("#")
        let client = world.client(.v5)
        client.send(.connect("a"))
        let maximum = try #require(client.expectConnAck().first { $0.id == 0x22 }?.value)
        let aliases = (1...(UInt16(maximum[0]) << 8 | UInt16(maximum[1])))
        for alias in aliases { client.send(.publish("topic/\(alias)", "set", properties: [.topicAlias(alias)])) }
        for alias in aliases { client.send(.publish("", "use", properties: [.topicAlias(alias)])) }
        for alias in aliases { listener.expect(.publish("topic/\(alias)", "set")) }
        for alias in aliases { listener.expect(.publish("topic/\(alias)", "use")) }
        client.expectStanding()
    }

    @Test("[MQTT-3.3.2-13] Response Topic valid UTF-8")
    func mqtt_3_3_2_13() throws {
        let world = try World()
        world.expectRefusal(0x81, of: .publish("a", "", properties: [Property(0x08, field([0x61, 0xFF]))]))
        world.expectAccepted(.publish("a", "", properties: [.responseTopic("r\u{E9}")]))
    }

    @Test("[MQTT-3.3.2-14] Response Topic has no wildcards")
    func mqtt_3_3_2_14() throws {
        let world = try World()
        for topic in ["#", "a/+", "a/#", "+"] {
            world.expectRefusal(0x82, of: .publish("a", "", properties: [.responseTopic(topic)]))
        }
        world.expectAccepted(.publish("a", "", properties: [.responseTopic("a/b")]))
    }

    @Test("[MQTT-3.3.2-15] Response Topic forwarded unaltered")
    func mqtt_3_3_2_15() throws {
        let world = try World()
        try world.expectForwarded([.responseTopic("answers/\u{E9}/1")])
    }

    @Test("[MQTT-3.3.2-16] Correlation Data forwarded unaltered")
    func mqtt_3_3_2_16() throws {
        let world = try World()
        try world.expectForwarded([.correlationData([])])
        try world.expectForwarded([.correlationData([0x00, 0xFF, 0x0B, 0x23, 0x80])])
    }

    @Test("[MQTT-3.3.2-17] User Properties forwarded unaltered")
    func mqtt_3_3_2_17() throws {
        let world = try World()
        try world.expectForwarded([.user("", ""), .user("name", "value"), .user("name", "value"), .user("\u{E9}", "\u{1F600}")])
    }

    @Test("[MQTT-3.3.2-18] User Property order kept")
    func mqtt_3_3_2_18() throws {
        let world = try World()
        try world.expectForwarded((0..<20).map { .user($0 % 3 == 0 ? "b" : "a", "\(19 - $0)") })
    }

    @Test("[MQTT-3.3.2-19] Content Type valid UTF-8")
    func mqtt_3_3_2_19() throws {
        let world = try World()
        world.expectRefusal(0x81, of: .publish("a", "", properties: [Property(0x03, field([0xC3]))]))
        world.expectAccepted(.publish("a", "", properties: [.contentType("text/\u{E9}")]))
    }

    @Test("[MQTT-3.3.2-20] Content Type forwarded unaltered")
    func mqtt_3_3_2_20() throws {
        let world = try World()
        try world.expectForwarded([.contentType("application/json; charset=\u{E9}")])
    }
}
