import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore
import Testing

@testable import MartletBroker

@Suite struct SizeLimitTests {
    private func publish(
        _ client: TestClient, qos: QoS = .atLeastOnce, id: UInt16 = 1, topic: String = "t", _ change: (inout Properties) -> Void
    ) {
        var properties = Properties()
        change(&properties)
        client.send(
            .publish(
                Publish(
                    topic: MQTTString(topic), payload: ByteBuffer(string: "x"), qos: qos,
                    packetID: qos == .atMostOnce ? 0 : id, properties: properties)))
    }

    @Test("mqtt.minClientPacket: a client that takes less is refused with 0x97")
    func minClientPacket() throws {
        var limits = BrokerLimits()
        limits.minClientPacketBytes = 512
        let world = try TestBroker(limits: limits)
        for (bytes, code) in [(511 as UInt32, ReasonCode.quotaExceeded), (512, .success)] {
            let client = world.client()
            var properties = Properties()
            properties.maximumPacketSizeBytes = bytes
            client.send(.connect(Connect(version: .v5, clientID: "c", cleanStart: true, properties: properties)))
            world.run()
            #expect(client.connAck?.reasonCode == code)
        }
    }

    @Test("a property at its limit passes; one byte more is 0x97 at QoS 1, and DISCONNECT 0x97 at QoS 0")
    func properties() throws {
        var limits = BrokerLimits()
        limits.contentTypeBytes = 4
        limits.correlationDataBytes = 4
        limits.userPropertyBytes = 4
        let world = try TestBroker(limits: limits)
        let client = world.connect("c")
        publish(client, id: 1) { $0.contentType = "four" }
        publish(client, id: 2) { $0.contentType = "fives" }
        publish(client, id: 3) { $0.correlationData = Array("four".utf8) }
        publish(client, id: 4) { $0.correlationData = Array("fives".utf8) }
        publish(client, id: 5) { $0.appendUserProperty("ab", "cd") }
        publish(client, id: 6) {
            $0.appendUserProperty("ab", "cd")
            $0.appendUserProperty("e", "")
        }
        world.run()
        let refused = client.exchange.filter { $0.hasSuffix("0x97") }
        #expect(refused == ["PUBACK 2 0x97", "PUBACK 4 0x97", "PUBACK 6 0x97"])
        #expect(!client.isClosed)
        publish(client, qos: .atMostOnce) { $0.contentType = "fives" }
        #expect(client.disconnectCode == .quotaExceeded && client.isClosed)
    }

    @Test("mqtt5.messageExpiryMax lowers what is longer, raises 0 to 1, and leaves the rest; without it all stays", arguments: [600 as UInt32?, nil])
    func expiry(_ limit: UInt32?) throws {
        var limits = BrokerLimits()
        limits.messageExpiryMaxSeconds = limit
        let world = try TestBroker(limits: limits)
        let subscriber = world.connect("s")
        subscriber.subscribe("t", qos: .atMostOnce)
        let client = world.connect("c")
        for seconds in [1_000, 600, 5] as [UInt32] {
            publish(client) {
                $0.contentType = "before"
                $0.messageExpiryIntervalSeconds = seconds
            }
        }
        world.run()
        let got = subscriber.publishes.map(\.properties.messageExpiryIntervalSeconds)
        #expect(got == (limit == nil ? [1_000, 600, 5] : [600, 600, 5]))
        #expect(subscriber.publishes.allSatisfy { $0.properties.contentType == "before" })
        publish(client) { $0.messageExpiryIntervalSeconds = 0 }
        world.run()
        #expect(subscriber.publishes.last?.properties.messageExpiryIntervalSeconds == (limit == nil ? 0 : 1))
    }

    @Test("a connection whose time is limited ends then with 0xA0, however much it says")
    func lifetime() throws {
        let world = try TestBroker()
        let client = world.client(lifetime: .webSocket(seconds: 10))
        client.sendConnect("c", version: .v5, clean: true, expiry: 0, keepAlive: 0, receiveMaximum: nil, will: nil)
        for _ in 0..<10 {
            world.advance(seconds: 1)
            client.send(.pingReq(PingReq()))
        }
        #expect(!client.isClosed)
        world.advance(seconds: 2)
        #expect(client.isClosed && client.disconnectCode == .maximumConnectTime)
        #expect(world.shards[0].counters.disconnects["WEBSOCKET_TTL_EXPIRATION"] == 1)
    }

    @Test("malformed packets and refused sockets of one address count against it, and loopback's do not")
    func abuse() throws {
        var budgets = AbuseBudgets()
        budgets.malformedPackets = 2
        budgets.connects = 5
        budgets.banSeconds = 30
        let world = try TestBroker(abuse: budgets)
        let guardian = try #require(world.broker.abuse)
        for address in ["192.0.2.1", "127.0.0.1"] {
            for _ in 0..<3 { world.client(address: address).send(.pingReq(PingReq())) }
        }
        #expect(guardian.banCount == 1)
        #expect(guardian.refuses("192.0.2.1") && !guardian.refuses("127.0.0.1") && !guardian.refuses("192.0.2.2"))
        world.clock.advance(seconds: 30)
        #expect(!guardian.refuses("192.0.2.1"))
        for _ in 0..<6 { _ = world.client(address: "192.0.2.3") }
        #expect(guardian.banCount == 2 && guardian.refusedCount == 1)
    }
}
