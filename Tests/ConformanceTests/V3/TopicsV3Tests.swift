import Testing

@Suite("MQTT 3.1.1, section 4.7 Topic names and filters")
struct TopicsV3Tests {
    private func expectRefused(filters: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let world = try World()
        for filter in filters {
            let client = world.connect("c")
            client.send(.subscribe(1, (filter, 0)))
            client.expectClosed(sourceLocation: sourceLocation)
        }
    }

    /// Which of the topics a subscription to the filter gets.
    private func received(_ filter: String, of topics: [String]) throws -> [String] {
        let world = try World()
        let subscriber = world.subscriber(filter)
        let publisher = world.connect("p")
        for topic in topics { publisher.send(.publish(topic, "x")) }
        return subscriber.takeAll().map(\.topic)
    }

    @Test("[MQTT-4.7.1-1] Wildcards are for filters only")
    func mqtt_4_7_1_1() throws {
        let world = try World()
        let subscriber = world.subscriber("#")
        for topic in ["a/+/b", "#", "a/b#"] {
            let client = world.connect("c")
            client.send(.publish(topic, "x"))
            client.expectClosed()
        }
        subscriber.expectNothing()
        #expect(try received("a/+/#", of: ["a/b", "a/b/c"]) == ["a/b", "a/b/c"])
    }

    @Test("[MQTT-4.7.1-2] # stands alone or after /, and last")
    func mqtt_4_7_1_2() throws {
        try expectRefused(filters: ["a#", "a/#/b", "#/a", "a/b#", "##", "#a"])
        let topics = ["a", "a/", "a/b", "a/b/c", "ab", "b"]
        #expect(try received("a/#", of: topics) == ["a", "a/", "a/b", "a/b/c"])
        #expect(try received("#", of: topics) == topics)
    }

    @Test("[MQTT-4.7.1-3] + fills a whole level, and any level")
    func mqtt_4_7_1_3() throws {
        try expectRefused(filters: ["a+", "+a", "a/b+", "a/+b/c", "++", "+#"])
        let topics = ["a", "/", "a/b", "/b", "a/", "a/b/c"]
        #expect(try received("+", of: topics) == ["a"])
        #expect(try received("+/+", of: topics) == ["/", "a/b", "/b", "a/"])
        #expect(try received("a/+/c", of: topics) == ["a/b/c"])
        #expect(try received("+/b/#", of: topics) == ["a/b", "/b", "a/b/c"])
    }

    @Test("[MQTT-4.7.2-1] A filter that begins with a wildcard matches no topic that begins with $")
    func mqtt_4_7_2_1() throws {
        let topics = ["$own/a", "own/a"]
        #expect(try received("#", of: topics) == ["own/a"])
        #expect(try received("+/a", of: topics) == ["own/a"])
        #expect(try received("$own/#", of: topics) == ["$own/a"])
        #expect(try received("$own/+", of: topics) == ["$own/a"])
    }

    @Test("[MQTT-4.7.3-1] Names and filters have at least one character")
    func mqtt_4_7_3_1() throws {
        let world = try World()
        for packet in [Wire.publish("", "x"), .publish("", "x", qos: 1, id: 1), .subscribe(1, ("", 0)), .unsubscribe(1, "")] {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed()
        }
    }

    @Test("[MQTT-4.7.3-2] Names and filters hold no U+0000")
    func mqtt_4_7_3_2() throws {
        let world = try World()
        for packet in BadText.packets(BadText.withNull) {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed()
        }
    }

    @Test("[MQTT-4.7.3-3] Names and filters of up to 65,535 bytes are served")
    func mqtt_4_7_3_3() throws {
        let world = try World()
        let topic = String(repeating: "a", count: 65_535)
        let subscriber = world.subscriber(topic)
        world.connect("p").send(.publish(topic, "x"))
        subscriber.expect(.publish(topic, "x"))
    }

    // Swift compares strings by what they look like; topics are compared by their bytes.
    @Test("[MQTT-4.7.3-4] Nothing is normalised when names and filters are compared")
    func mqtt_4_7_3_4() throws {
        let topics = ["A", "a", "\u{E9}", "e\u{301}", "a ", "/a", "a/", "a//b", "a/b", "\u{212B}", "\u{C5}"]
        for topic in topics {
            let received = try received(topic, of: topics)
            #expect(received.map { Array($0.utf8) } == [Array(topic.utf8)])
        }
    }
}
