import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

/// Messages that no connection carries: what HTTPS publish gives to the broker.
@Suite("Messages from outside connections")
struct InsideMessageTests {
    @Test("Subscribers of both versions get it; properties are for v5 only")
    func versions() throws {
        let world = try TestBroker()
        let v5 = world.connect("five", on: 1)
        let v3 = world.connect("three", version: .v3_1_1)
        v5.subscribe("a/#")
        v3.subscribe("a/#")
        var properties = MessageProperties()
        properties.contentType = "text/plain"
        properties.responseTopic = "answers"
        properties.correlationData = [1, 2]
        properties.payloadIsUTF8 = true
        properties.userProperties = [("k", "1"), ("k", "2")]
        #expect(world.publishInside("a/b", "hello", properties: properties).text == "done")
        #expect(v5.texts == ["hello"] && v3.texts == ["hello"])
        let seen = try #require(v5.publishes.first).properties
        #expect(seen.contentType?.string == "text/plain" && seen.responseTopic?.string == "answers")
        #expect(seen.correlationData == [1, 2] && seen.payloadIsUTF8 == true)
        #expect(seen.userProperties.map(\.value.string) == ["1", "2"])
        #expect(v3.publishes.first?.properties.isEmpty == true)
    }

    @Test("QoS 1 for a kept session is answered when it is on disk; QoS 0 at once")
    func durable() throws {
        let world = try TestBroker(store: MemoryMessageStore(syncsAtOnce: false))
        let kept = world.connect("kept", clean: false, expiry: 100)
        world.sync()
        kept.subscribe("a")
        world.sync()
        kept.cut()
        world.sync()
        let waiting = world.publishInside("a", "1")
        #expect(waiting.text == nil)
        #expect(world.publishInside("a", "0", qos: 0).text == "done")
        world.sync()
        #expect(waiting.text == "done")
    }

    @Test("RETAIN keeps the message for those who subscribe later, and nothing under $")
    func retained() throws {
        let world = try TestBroker()
        #expect(world.publishInside("a", "kept", retain: true).text == "done")
        #expect(world.publishInside("$other/a", "not kept", retain: true).text == "done")
        let client = world.connect("c")
        client.subscribe("a")
        client.subscribe("$other/a")
        #expect(client.texts == ["kept"])
        #expect(client.publishes.first?.retain == true)
    }

    @Test("What cannot be retained is not published either")
    func limit() throws {
        var limits = BrokerLimits()
        limits.retainedMessages = 1
        let world = try TestBroker(limits: limits)
        let client = world.connect("c")
        client.subscribe("#")
        #expect(world.publishInside("a", "1", retain: true).text == "done")
        #expect(world.publishInside("b", "2", retain: true).text == "limitExceeded")
        #expect(client.texts == ["1"])
    }

    @Test(
        "Names that are no topics, and reserved ones, are refused before anything else",
        arguments: [
            ("", "topicNameInvalid"), ("a/+", "topicNameInvalid"), ("a/#", "topicNameInvalid"), ("a\0", "topicNameInvalid"),
            ("$aws/rules/r/a", "reservedTopicNotBuilt"), ("$aws/events/presence/connected/c", "reservedTopicNotPermitted"),
            ("$SYS/broker/uptime", "reservedTopicNotPermitted"), ("a/b/c", "limitExceeded"), ("long", nil), ("longer", "limitExceeded"),
            ("$aws/things/t/shadow/update", "limitExceeded"),
        ] as [(String, String?)])
    func names(topic: String, code: String?) throws {
        var limits = BrokerLimits()
        limits.topicBytes = topic.hasPrefix("$") && code != "limitExceeded" ? 100 : 5
        limits.topicSlashes = topic.hasPrefix("$") ? 9 : 1
        let world = try TestBroker(limits: limits)
        let message = InsideMessage(topic: topic, payload: ByteBuffer(), qos: 0, retain: false)
        do throws(PublishRefusal) {
            try world.broker.check(message)
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test("A payload above its limit is refused by the limit's name")
    func payload() throws {
        var limits = BrokerLimits()
        limits.payloadBytes = 4
        let world = try TestBroker(limits: limits)
        #expect(throws: Never.self) {
            try world.broker.check(InsideMessage(topic: "a", payload: ByteBuffer(string: "four"), qos: 0, retain: false))
        }
        #expect(throws: PublishRefusal.self) {
            try world.broker.check(InsideMessage(topic: "a", payload: ByteBuffer(string: "fives"), qos: 0, retain: false))
        }
    }

    @Test("Retained messages are listed in pages, in topic order, without what has expired")
    func pages() throws {
        let world = try TestBroker()
        for topic in ["b", "a/c", "a", "c"] { _ = world.publishInside(topic, topic, retain: true) }
        var properties = MessageProperties()
        properties.messageExpirySeconds = 5
        properties.userProperties = [("k", "v")]
        _ = world.publishInside("a/b", "short", retain: true, properties: properties)
        #expect(world.broker.retainedMessage(of: "a/b", in: .zero)?.userProperties.map(\.name) == ["k"])
        func all() -> [[String]] {
            var pages: [[String]] = []
            var cursor: String?
            repeat {
                let page = world.broker.retainedMessages(after: cursor, limit: 2, in: .zero)
                pages.append(page.messages.map { String(buffer: $0.topic) })
                cursor = page.cursor
            } while cursor != nil
            return pages
        }
        #expect(all() == [["a", "a/b"], ["a/c", "b"], ["c"]])
        world.advance(seconds: 6)
        #expect(world.broker.retainedMessage(of: "a/b", in: .zero) == nil)
        #expect(all() == [["a", "a/c"], ["b", "c"]])
        #expect(world.broker.retainedMessage(of: "none", in: .zero) == nil)
    }
}
