import MQTTCodec
import MartletBase
import NIOCore
import Testing

@testable import MartletBroker

@Suite("$SYS")
struct SystemTopicsTests {
    private func world(every seconds: Int = 10) throws -> TestBroker {
        var behaviour = BrokerBehaviour()
        behaviour.systemTopicsSeconds = seconds
        behaviour.version = "martlet version 1"
        return try TestBroker(behaviour: behaviour)
    }

    private func last(_ client: TestClient, _ name: String) -> String? {
        client.publishes.last { $0.topic.string == "$SYS/broker/\(name)" }.map { String(buffer: $0.payload) }
    }

    @Test("A new subscriber gets the last values at once, RETAIN set, and later only what has changed, RETAIN clear")
    func retainedLike() throws {
        let world = try world()
        world.advance(seconds: 2)
        let client = world.connect("c", on: 1)
        client.subscribe("$SYS/#")
        #expect(last(client, "version") == "martlet version 1")
        #expect(client.publishes.allSatisfy { $0.retain && $0.qos == .atMostOnce })
        client.forget()
        world.advance(seconds: 10)
        #expect(last(client, "clients/connected") == "1" && last(client, "subscriptions/count") == "1")
        #expect(last(client, "uptime") == "10 seconds")
        #expect(last(client, "version") == nil)
        #expect(client.publishes.allSatisfy { !$0.retain })
        client.forget()
        world.advance(seconds: 7)
        #expect(client.publishes.isEmpty)
    }

    @Test("Numbers are of all loops, and kept sessions count as clients")
    func numbers() throws {
        let world = try world()
        world.connect("kept", on: 1, clean: false, expiry: 100).cut()
        let publisher = world.connect("p")
        publisher.publish("t", "hello", retain: true)
        world.advance(seconds: 11)
        let client = world.connect("c", on: 1)
        client.subscribe("$SYS/broker/#")
        #expect(last(client, "clients/connected") == "1" && last(client, "clients/disconnected") == "1")
        #expect(last(client, "clients/total") == "2" && last(client, "clients/maximum") == "2")
        #expect(last(client, "publish/messages/received") == "1" && last(client, "retained messages/count") == "1")
        #expect(last(client, "messages/received") == "3")
    }

    @Test("# does not match, and a filter gets what it matches")
    func filters() throws {
        let world = try world()
        world.advance(seconds: 2)
        let all = world.connect("all")
        all.subscribe("#")
        all.subscribe("+/broker/uptime")
        let one = world.connect("one")
        one.subscribe("$SYS/broker/clients/+")
        world.advance(seconds: 20)
        #expect(all.publishes.isEmpty)
        #expect(!one.publishes.isEmpty && one.publishes.allSatisfy { $0.topic.string.hasPrefix("$SYS/broker/clients/") })
    }

    @Test("Off, subscribing is refused by name; publishing always is")
    func off() throws {
        let off = try world(every: 0)
        let client = off.connect("c")
        client.subscribe("$SYS/#")
        let codes = client.received.compactMap { if case .subAck(let ack) = $0 { ack.reasonCodes } else { nil } }
        #expect(codes == [[.topicFilterInvalid]])
        let on = try world()
        let publisher = on.connect("p")
        publisher.publish("$SYS/broker/uptime", "0 seconds")
        #expect(publisher.received.contains { if case .pubAck(let ack) = $0 { ack.reasonCode == .topicNameInvalid } else { false } })
    }

    @Test("A load average rises to the rate and forgets it in its window")
    func load() {
        var load = LoadAverage(windowMinutes: 1)
        for _ in 0..<60 { load.add(10, inSeconds: 10) }
        #expect(load.text == "60.00")
        load.add(0, inSeconds: 60)
        #expect(load.text == "22.07")
        for _ in 0..<100 { load.add(0, inSeconds: 10) }
        #expect(load.text == "0.00")
    }
}
