import Testing

@Suite("MQTT 5.0, sections 4.7 and 4.8 Topics and shared subscriptions")
struct TopicsV5Tests {
    @Test("[MQTT-4.7.0-1] No wildcards in topic names")
    func mqtt_4_7_0_1() throws {
        let world = try World()
        world.expectRefusal(0x90, of: .publish("a/#", ""))
        world.expectRefusal(0x90, of: .publish("+", ""))
        world.expectRefusedConnect(0x90, .connect("a", will: .init("a/+", "")))
        world.expectRefusedConnect(0x90, .connect("a", will: .init("#", "")))
        world.expectAccepted(.publish("a/*?", ""))
    }

    @Test("[MQTT-4.7.1-1] # alone or after /, last")
    func mqtt_4_7_1_1() throws {
        let client = try World().v5()
        for filter in ["a#", "#/a", "a/#/b", "##", "a/b#", "#a"] {
            client.send(.subscribe(1, (filter, 0)))
            client.expect(.subAck(1, 0x8F))
        }
        client.subscribe("a/#")
        for topic in ["a", "a/b", "a/b/c", "a/"] {
            client.send(.publish(topic, ""))
            client.expect(.publish(topic, ""))
        }
        client.send(.publish("ab", ""), .publish("b/a", ""))
        client.expectNothing()
        client.subscribe("#")
        client.send(.publish("b/a", ""))
        client.expect(.publish("b/a", ""))
    }

    @Test("[MQTT-4.7.1-2] + fills a level")
    func mqtt_4_7_1_2() throws {
        let client = try World().v5()
        for filter in ["a+", "+a", "a/b+", "a/+b/c", "++"] {
            client.send(.subscribe(1, (filter, 0)))
            client.expect(.subAck(1, 0x8F))
        }
        client.subscribe("a/+/c")
        client.send(.publish("a/b/c", ""), .publish("a//c", ""), .publish("a/c", ""), .publish("a/b/b/c", ""))
        client.expect(.publish("a/b/c", ""), .publish("a//c", ""))
        client.expectNothing()
        client.subscribe("+")
        client.send(.publish("one", ""), .publish("/one", ""), .publish("one/two", ""))
        client.expect(.publish("one", ""))
        client.expectNothing()
        client.subscribe("+/+")
        client.send(.publish("/one", ""))
        client.expect(.publish("/one", ""))
    }

    @Test("[MQTT-4.7.2-1] Leading wildcards do not match $ topics")
    func mqtt_4_7_2_1() throws {
        let world = try World()
        let listener = world.listener("#")
        listener.subscribe("+/x")
        listener.subscribe("+/#")
        let publisher = world.v5()
        publisher.send(.publish("$other/x", ""), .publish("$other", ""))
        listener.expectNothing()
        publisher.send(.publish("a/$x", ""))
        listener.expect(.publish("a/$x", ""))
        let other = world.listener("$other/#", as: "other")
        publisher.send(.publish("$other/x", ""))
        other.expect(.publish("$other/x", ""))
        listener.expectNothing()
    }

    @Test("[MQTT-4.7.3-1] At least one character")
    func mqtt_4_7_3_1() throws {
        let world = try World()
        world.expectRefusal(0x82, of: .publish("", "x"))
        world.expectRefusal(0x82, of: .publish("", "x", qos: 1, id: 1))
        world.expectRefusedConnect(0x90, .connect("a", will: .init("", "")))
        let client = world.v5()
        client.send(.subscribe(1, ("", 0)))
        client.expect(.subAck(1, 0x8F))
        client.subscribe("/")
        client.send(.publish("/", "x"))
        client.expect(.publish("/", "x"))
    }

    @Test("[MQTT-4.7.3-2] No U+0000")
    func mqtt_4_7_3_2() throws {
        let world = try World()
        world.expectRefusal(0x81, of: .publish("a\u{0}", ""))
        world.expectRefusal(0x81, of: .subscribe(1, ("\u{0}", 0)))
        world.expectRefusal(0x81, of: .unsubscribe(1, "\u{0}"))
        world.expectRefusedConnect(0x81, .connect("a", will: .init("\u{0}", "")))
        world.expectAccepted(.subscribe(1, ("\u{1}", 0)), .publish("\u{1}", ""))
    }

    @Test("[MQTT-4.7.3-3] <= 65535 bytes")
    func mqtt_4_7_3_3() throws {
        let world = try World()
        let topic = String(repeating: "x", count: 65_535)
        let listener = world.listener(topic)
        world.v5().send(.publish(topic, "y"), .publish(String(topic.dropLast()), "y"))
        listener.expect(.publish(topic, "y"))
        listener.expectNothing()
    }

    @Test("[MQTT-4.7.3-4] No normalisation")
    func mqtt_4_7_3_4() throws {
        let world = try World()
        let composed = world.listener("\u{E9}", as: "composed")
        let decomposed = world.listener("e\u{301}", as: "decomposed")
        let publisher = world.v5()
        publisher.send(.publish(topic: hex("C3 A9"), payload: [1]))
        composed.expect(.publish(topic: hex("C3 A9"), payload: [1]))
        decomposed.expectNothing()
        publisher.send(.publish(topic: hex("65 CC 81"), payload: [2]))
        decomposed.expect(.publish(topic: hex("65 CC 81"), payload: [2]))
        composed.expectNothing()
        let exact = world.listener("A/b", as: "exact")
        publisher.send(
            .publish("a/b", ""), .publish("A/b/", ""), .publish("/A/b", ""), .publish("A//b", ""), .publish(" A/b", ""))
        exact.expectNothing()
    }

    @Test("[MQTT-4.8.2-1] $share/ plus a ShareName of >= 1 char")
    func mqtt_4_8_2_1() throws {
        let world = try World()
        let client = world.v5()
        for filter in ["$share", "$share/", "$share//a", "$share/g"] {
            client.send(.subscribe(1, (filter, 0)))
            client.expect(.subAck(1, 0x8F))
        }
        client.subscribe("$share/g/a")
        client.send(.publish("a", "x"))
        client.expect(.publish("a", "x"))
    }

    @Test("[MQTT-4.8.2-2] ShareName without / + #, then / and a filter")
    func mqtt_4_8_2_2() throws {
        let world = try World()
        let client = world.v5()
        for filter in ["$share/g+/a", "$share/+/a", "$share/#/a", "$share/g#/a", "$share/g/", "$share/g/a/#/b"] {
            client.send(.subscribe(1, (filter, 0)))
            client.expect(.subAck(1, 0x8F))
        }
        client.subscribe("$share/g/a/+")
        client.subscribe("$share/g//b")
        client.send(.publish("a/x", "x"), .publish("/b", "y"))
        client.expect(.publish("a/x", "x"), .publish("/b", "y"))
    }

    @Test("[MQTT-4.8.2-3] Respect each member granted QoS")
    func mqtt_4_8_2_3() throws {
        let world = try World()
        let members = (0...2).map { world.listener("$share/g/a", UInt8($0), as: "member \($0)", on: $0 % 2) }
        let publisher = world.v5()
        for number: UInt16 in 1...30 {
            publisher.send(.publish("a", "\(number)", qos: 2, id: number), .pubRel(number))
            for (granted, member) in members.enumerated() {
                for frame in member.frames where frame.type == .publish && frame.qos == 2 {
                    member.send(.pubRec(try #require(frame.packetID)), .pubComp(try #require(frame.packetID)))
                }
                #expect(member.frames.filter { $0.type == .publish }.allSatisfy { $0.qos == granted })
            }
        }
        let received = members.map { $0.takeAll().filter { $0.type == .publish }.map(\.payload) }
        #expect(received.allSatisfy { !$0.isEmpty })
        #expect(received.flatMap { $0 }.count == 30 && Set(received.flatMap { $0 }).count == 30)
    }

    @Test("[MQTT-4.8.2-4] QoS 2 in flight: complete with the same member on its reconnect")
    func mqtt_4_8_2_4() throws {
        let world = try World()
        let members = [world.kept("0"), world.kept("1", on: 0)]
        for member in members { member.subscribe("$share/g/a", 2) }
        world.v5().send(.publish("a", "x", qos: 2, id: 1))
        let index = try #require(members.firstIndex { !$0.frames.isEmpty })
        let other = members[1 - index]
        let id = members[index].expectPublish("a", "x", qos: 2)
        members[index].cut()
        other.expectNothing()
        let back = world.kept("\(index)", isPresent: true)
        back.expect(.publish("a", "x", qos: 2, id: id, dup: true))
        back.send(.pubRec(id))
        back.expect(.pubRel(id))
        back.send(.pubComp(id))
        other.expectNothing()
    }

    @Test("[MQTT-4.8.2-5] If that session ends, do not give it to another member")
    func mqtt_4_8_2_5() throws {
        let world = try World()
        let members = [world.kept("0"), world.kept("1", on: 0)]
        for member in members { member.subscribe("$share/g/a", 2) }
        world.v5().send(.publish("a", "x", qos: 2, id: 1))
        let index = try #require(members.firstIndex { !$0.frames.isEmpty })
        let other = members[1 - index]
        members[index].expectPublish("a", "x", qos: 2)
        members[index].cut()
        world.connect("\(index)", .v5, clean: true).send(.disconnect())
        world.advance(seconds: 700)
        other.expectNothing()
        // It goes on with what is new.
        world.v5().send(.publish("a", "y", qos: 2, id: 2))
        other.expectPublish("a", "y", qos: 2)
    }

    @Test("[MQTT-4.8.2-6] Member answers >= 0x80: discard, no re-route")
    func mqtt_4_8_2_6() throws {
        let world = try World()
        let members = [world.kept("0"), world.kept("1", on: 0), world.v5("2"), world.v5("3", on: 1)]
        for member in members { member.subscribe("$share/g/a", 2) }
        let publisher = world.v5()
        for number in 1...16 { publisher.send(.publish("a", "\(number)", qos: UInt8(number % 2) + 1, id: UInt16(number))) }
        var received: [String] = []
        for member in members {
            for frame in member.takeAll() {
                received.append(frame.payload)
                let id = try #require(frame.packetID)
                member.send(frame.qos == 1 ? .pubAck(id, code: 0x80) : .pubRec(id, code: 0x97))
            }
        }
        #expect(received.count == 16 && Set(received).count == 16)
        for member in members { member.expectNothing() }
    }
}
