import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

@Suite("Subscription identifiers")
struct SubscriptionIdentifierTests {
    @Test("One copy carries the identifiers of all that match [MQTT-3.3.4-3] [MQTT-3.3.4-4]", arguments: [false, true], [QoS.atMostOnce, .atLeastOnce, .exactlyOnce])
    func several(isKept: Bool, qos: QoS) throws {
        let world = try TestBroker()
        let client = world.connect("c", on: 1, clean: !isKept, expiry: isKept ? 600 : 0)
        world.sync()
        client.subscribe("a/b", qos: qos, identifier: 1)
        client.subscribe("a/+", qos: .atMostOnce)
        client.subscribe("a/#", qos: .atMostOnce, identifier: 268_435_455)
        client.subscribe("#", qos: .atMostOnce, identifier: 200)
        world.sync()
        let publisher = world.connect("p")
        publisher.publish("a/b", "x", qos: qos, id: 1, expiry: 100)
        publisher.publish("z", "y", qos: .atMostOnce)
        world.sync()
        try #require(client.publishes.count == 2)
        let both = try [#require(client.publishes.first { String(buffer: $0.payload) == "x" }), #require(client.publishes.first { String(buffer: $0.payload) == "y" })]
        #expect(both[0].qos == qos)
        #expect(Set(both[0].properties.subscriptionIdentifiers) == [1, 200, 268_435_455])
        #expect(both[0].properties.messageExpiryIntervalSeconds == 100)
        #expect(both[1].properties.subscriptionIdentifiers == [200])
    }

    @Test("They stay with a kept session over a crash, and one that subscribes again replaces its own")
    func kept() throws {
        let store = MemoryMessageStore(syncsAtOnce: false)
        var world = try TestBroker(store: store)
        let first = world.connect("c", clean: false, expiry: 600)
        world.sync()
        first.subscribe("a", identifier: 5)
        first.subscribe("a", identifier: 6)
        world.sync()
        world.connect("p").publish("a", "before")
        world.sync()
        world = try TestBroker(store: store.afterCrash())
        let second = world.connect("c", clean: false, expiry: 600)
        world.sync()
        world.connect("p").publish("a", "after", expiry: 50)
        world.sync()
        #expect(second.publishes.map(\.properties.subscriptionIdentifiers) == [[6], [6]])
        #expect(second.publishes[1].properties.messageExpiryIntervalSeconds == 50)
    }

    @Test("Retained messages carry the identifier of the subscription that brings them")
    func retained() throws {
        let world = try TestBroker()
        world.connect("p").publish("a", "x", qos: .atMostOnce, retain: true)
        world.sync()
        let client = world.connect("c")
        client.subscribe("b", identifier: 1)
        client.subscribe("a", identifier: 2)
        #expect(client.publishes.map(\.properties.subscriptionIdentifiers) == [[2]])
    }
}

@Suite("Topic aliases to the client")
struct OutboundAliasTests {
    @Test("The topic comes once with its alias, then the alias stands for it; beyond the maximum topics come whole [MQTT-3.1.2-26]", arguments: [false, true], [QoS.atMostOnce, .atLeastOnce, .exactlyOnce])
    func aliases(isKept: Bool, qos: QoS) throws {
        let world = try TestBroker()
        let client = world.connect("c", clean: !isKept, expiry: isKept ? 600 : 0, topicAliasMaximum: 2)
        world.sync()
        client.subscribe("#", qos: qos, identifier: 3)
        world.sync()
        let publisher = world.connect("p", on: 1)
        for (index, topic) in ["a", "b", "c", "a", "b", "c"].enumerated() {
            publisher.publish(topic, "\(index)", qos: qos, id: UInt16(index + 1), expiry: 9)
            world.sync()
        }
        let got = client.publishes
        #expect(got.map { $0.topic.string } == ["a", "b", "c", "", "", "c"])
        #expect(got.map(\.properties.topicAlias) == [1, 2, nil, 1, 2, nil])
        #expect(got.allSatisfy { $0.properties.messageExpiryIntervalSeconds == 9 && $0.properties.subscriptionIdentifiers == [3] })
        #expect(client.texts == ["0", "1", "2", "3", "4", "5"])
    }

    @Test("Large payloads, and messages that waited for the window, take aliases too")
    func large() throws {
        let world = try TestBroker()
        let client = world.connect("c", receiveMaximum: 1, topicAliasMaximum: 5)
        client.subscribe("#")
        let publisher = world.connect("p")
        let large = String(repeating: "x", count: 40_000)
        for id in 1...3 as ClosedRange<UInt16> { publisher.publish("topic", large, id: id) }
        for id in 1...2 as ClosedRange<UInt16> { client.acknowledge(id) }
        #expect(client.publishes.map { $0.topic.string } == ["topic", "", ""])
        #expect(client.texts == [large, large, large])
    }
}
