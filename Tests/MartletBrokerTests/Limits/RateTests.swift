import MQTTCodec
import MartletBase
import NIOCore
import Synchronization
import Testing

@testable import MartletBroker

/// Each rate at its edge: what it allows, the one beyond, and what there is again later.
@Suite struct RateTests {
    private func world(
        loops: Int = 2, memory: @escaping @Sendable () -> Int = { 0 }, _ change: (inout BrokerLimits) -> Void
    ) throws -> TestBroker {
        var limits = BrokerLimits()
        change(&limits)
        return try TestBroker(loopCount: loops, limits: limits, memory: memory)
    }

    private func refusal(_ client: TestClient) -> ReasonCode? { client.connAck?.reasonCode }

    @Test("connect.ratePerAccount holds on all loops together: 0x97 and 0x03, and a second later there is room")
    func connectsOfAccount() throws {
        let world = try world { $0.rates.connects = 2 }
        #expect(refusal(world.connect("a", on: 0)) == .success)
        #expect(refusal(world.connect("b", on: 1)) == .success)
        let third = world.connect("c", on: 0)
        #expect(refusal(third) == .quotaExceeded && third.isClosed)
        let old = world.connect("d", on: 1, version: .v3_1_1)
        #expect(refusal(old) == ConnectReturnCode.serverUnavailable.reasonCode && old.isClosed)
        world.advance(seconds: 1)
        #expect(refusal(world.connect("c")) == .success)
    }

    @Test("connect.ratePerClientId refuses the second CONNECT of a second and leaves the first one connected")
    func connectsOfClient() throws {
        let world = try world { $0.rates.connectsPerClient = 1 }
        let first = world.connect("a", on: 0)
        let second = world.connect("a", on: 1)
        #expect(refusal(second) == .quotaExceeded && second.isClosed)
        #expect(!first.isClosed)
        #expect(refusal(world.connect("b")) == .success)
        world.advance(seconds: 1)
        #expect(refusal(world.connect("a", on: 1)) == .success)
        #expect(first.isClosed)
    }

    @Test("publish.ratePerConnection: one too many is 0x97 in version 5 at QoS 1 and 2, and dropped otherwise")
    func publishes() throws {
        let world = try world { $0.rates.publishesPerConnection = 2 }
        let five = world.connect("five")
        five.publish("t", "1", id: 1)
        five.publish("t", "2", qos: .exactlyOnce, id: 2)
        five.publish("t", "3", id: 3)
        five.publish("t", "4", qos: .exactlyOnce, id: 4)
        five.publish("t", "5", qos: .atMostOnce)
        #expect(five.exchange == ["PUBACK 1", "PUBREC 2", "PUBACK 3 0x97", "PUBREC 4 0x97"])
        #expect(!five.isClosed)
        let three = world.connect("three", version: .v3_1_1)
        for id in 1...3 { three.publish("t", "x", id: UInt16(id)) }
        #expect(three.pubAcks == [1, 2] && !three.isClosed)
        world.advance(seconds: 1)
        three.publish("t", "x", id: 4)
        #expect(three.pubAcks == [1, 2, 4])
    }

    @Test("deliveries count too: beyond the rate QoS 0 is dropped, QoS 1 waits for the next second, in order")
    func deliveries() throws {
        let world = try world { $0.rates.publishesPerConnection = 4 }
        let subscriber = world.connect("s")
        subscriber.subscribe("t")
        let publishers = (0..<3).map { world.connect("p\($0)") }
        for (index, publisher) in publishers.enumerated() {
            for n in 0..<3 { publisher.publish("t", "\(index)\(n)", id: UInt16(n + 1)) }
        }
        #expect(subscriber.texts == ["00", "01", "02", "10"])
        publishers[0].publish("t", "zero", qos: .atMostOnce)
        #expect(world.shards.reduce(0) { $0 + $1.counters.droppedOverRate } == 1)
        world.advance(seconds: 1)
        #expect(subscriber.texts == ["00", "01", "02", "10", "11", "12", "20", "21"])
        world.advance(seconds: 1)
        #expect(subscriber.texts.suffix(1) == ["22"])
    }

    @Test("publish.inRate and publish.outRate are shared by the account's clients on all loops")
    func accountRates() throws {
        let world = try world {
            $0.rates.publishesIn = 3
            $0.rates.publishesOut = 2
        }
        let subscriber = world.connect("s", on: 1)
        subscriber.subscribe("t", qos: .atMostOnce)
        let one = world.connect("one", on: 0)
        let two = world.connect("two", on: 1)
        one.publish("t", "1", id: 1)
        two.publish("t", "2", id: 1)
        one.publish("t", "3", id: 2)
        two.publish("t", "4", id: 2)
        #expect(one.exchange.count == 2 && two.exchange.last == "PUBACK 2 0x97")
        #expect(subscriber.texts.count == 2)
        world.advance(seconds: 1)
        one.publish("t", "5", id: 3)
        #expect(subscriber.texts.last == "5")
    }

    @Test("publish.bytesPerSecond loses nothing: the client is read later")
    func bytes() throws {
        let world = try world { $0.rates.publishBytesPerConnection = 1_000 }
        let client = world.connect("a", keepAlive: 1)
        let text = String(repeating: "x", count: 600)
        for id in 1...6 { client.publish("t", text, id: UInt16(id)) }
        #expect(client.pubAcks == [1, 2])
        world.advance(seconds: 1)
        #expect(client.pubAcks == [1, 2, 3, 4])
        world.advance(seconds: 1)
        #expect(client.pubAcks == [1, 2, 3, 4, 5])
        world.advance(seconds: 1)
        #expect(client.pubAcks == [1, 2, 3, 4, 5, 6])
    }

    @Test("a client that is not read from is not closed for its silence")
    func heldIsNotSilent() throws {
        let world = try world { $0.rates.publishBytesPerConnection = 1_000 }
        let client = world.connect("a", keepAlive: 1)
        client.publish("t", String(repeating: "x", count: 8_000), id: 1)
        client.publish("t", "next", id: 2)
        world.advance(seconds: 6)
        #expect(client.pubAcks == [1] && !client.isClosed)
        world.advance(seconds: 2)
        #expect(client.pubAcks == [1, 2])
    }

    @Test("retain.ratePerTopic and retain.ratePerAccount: 0x97 in version 5, no PUBACK in 3.1.1, and nothing is kept")
    func retained() throws {
        let world = try world {
            $0.rates.retainedPerTopic = 1
            $0.rates.retained = 3
        }
        let five = world.connect("five")
        five.publish("a", "1", retain: true, id: 1)
        five.publish("a", "2", retain: true, id: 2)
        world.sync()
        #expect(five.exchange.contains("PUBACK 2 0x97"))
        let three = world.connect("three", version: .v3_1_1)
        three.publish("b", "1", retain: true, id: 1)
        three.publish("b", "2", retain: true, id: 2)
        three.publish("c", "1", retain: true, id: 3)
        three.publish("d", "1", retain: true, id: 4)
        world.sync()
        #expect(three.pubAcks == [1, 3])
        #expect(world.broker.retainedCount() == 3)
        world.advance(seconds: 1)
        three.publish("b", "3", retain: true, id: 5)
        world.sync()
        #expect(three.pubAcks == [1, 3, 5])
    }

    @Test("sub.perAccount and sub.ratePerAccount: SUBACK 0x97 and 0x80")
    func subscriptions() throws {
        let world = try world { $0.subscriptionsPerAccount = 2 }
        let client = world.connect("a")
        for filter in ["1", "2"] {
            client.subscribe(filter)
            #expect(client.subAckCodes == [.grantedQoS1])
        }
        client.subscribe("3")
        #expect(client.subAckCodes == [.quotaExceeded])
        client.subscribe("2")
        #expect(client.subAckCodes == [.grantedQoS1])
        client.unsubscribe("1")
        let old = world.connect("b", on: 1, version: .v3_1_1)
        old.subscribe("3")
        #expect(old.subAckCodes == [.grantedQoS1])
        old.subscribe("4")
        #expect(old.subAckCodes == [.unspecifiedError])

        let fast = try self.world { $0.rates.subscribes = 1 }
        let one = fast.connect("a")
        one.subscribe("1")
        one.subscribe("2")
        #expect(one.subAckCodes == [.quotaExceeded])
        fast.advance(seconds: 1)
        one.subscribe("2")
        #expect(one.subAckCodes == [.grantedQoS1])
    }

    @Test("share.groups, share.members and share.opsRate")
    func shares() throws {
        let world = try world {
            $0.shareGroups = 1
            $0.shareMembers = 2
        }
        let clients = (0..<3).map { world.connect("c\($0)") }
        for client in clients { client.subscribe("$share/g/t") }
        #expect(clients.map(\.subAckCodes) == [[.grantedQoS1], [.grantedQoS1], [.quotaExceeded]])
        clients[0].subscribe("$share/h/t")
        #expect(clients[0].subAckCodes == [.quotaExceeded])
        clients[0].subscribe("$share/g/t")
        #expect(clients[0].subAckCodes == [.grantedQoS1])
        clients[0].unsubscribe("$share/g/t")
        clients[2].subscribe("$share/g/t")
        #expect(clients[2].subAckCodes == [.grantedQoS1])

        let fast = try self.world { $0.rates.shareOperations = 2 }
        let one = fast.connect("a")
        one.subscribe("$share/g/t")
        one.unsubscribe("$share/g/t")
        one.subscribe("$share/g/t")
        #expect(one.subAckCodes == [.quotaExceeded])
        one.subscribe("$share/other/t")
        #expect(one.subAckCodes == [.grantedQoS1])
        fast.advance(seconds: 1)
        one.subscribe("$share/g/t")
        #expect(one.subAckCodes == [.grantedQoS1])
    }

    @Test("session.queueRate stores so many for those who are away, session.replayRate gives so many back a second")
    func sessions() throws {
        let world = try world {
            $0.rates.queued = 5
            $0.rates.replayed = 2
        }
        let away = world.client()
        away.sendConnect("s", version: .v5, clean: true, expiry: 1_000, keepAlive: 0, receiveMaximum: nil, will: nil)
        world.sync()
        away.subscribe("t")
        world.sync()
        away.cut()
        world.sync()
        let publisher = world.connect("p")
        for id in 1...6 { publisher.publish("t", "\(id)", id: UInt16(id)) }
        world.sync()
        #expect(world.shards.reduce(0) { $0 + $1.counters.droppedQueueRate } == 1)
        let back = world.client()
        back.sendConnect("s", version: .v5, clean: false, expiry: 1_000, keepAlive: 0, receiveMaximum: nil, will: nil)
        for _ in 0..<4 { world.sync() }
        #expect(back.texts == ["1", "2"])
        publisher.publish("t", "live", id: 9)
        for _ in 0..<4 { world.sync() }
        world.advance(seconds: 1)
        for _ in 0..<4 { world.sync() }
        #expect(back.texts == ["1", "2", "3", "4"])
        world.advance(seconds: 1)
        for _ in 0..<4 { world.sync() }
        #expect(back.texts == ["1", "2", "3", "4", "5", "live"])
    }

    @Test("above memory.maxBytes publishers wait and CONNECT is refused, until it is below 95 %")
    func memory() throws {
        let used = Used()
        let world = try world(memory: { used.bytes.load(ordering: .relaxed) }) { $0.memoryBytes = 1_000_000 }
        let subscriber = world.connect("s", on: 1)
        subscriber.subscribe("t")
        let publisher = world.connect("p")
        publisher.publish("t", "1", id: 1)
        used.bytes.store(1_000_001, ordering: .relaxed)
        world.advance(seconds: 2)
        publisher.publish("t", "2", id: 2)
        publisher.publish("t", "3", id: 3)
        #expect(publisher.pubAcks == [1, 2])
        #expect(refusal(world.connect("new")) == .quotaExceeded)
        subscriber.acknowledge(1)
        used.bytes.store(960_000, ordering: .relaxed)
        world.advance(seconds: 2)
        #expect(publisher.pubAcks == [1, 2])
        used.bytes.store(940_000, ordering: .relaxed)
        world.advance(seconds: 2)
        #expect(publisher.pubAcks == [1, 2, 3])
        #expect(refusal(world.connect("new")) == .success)
    }

    private final class Used: Sendable {
        let bytes = Atomic<Int>(0)
    }
}
