import MQTTCodec
import MartletBase
import NIOCore
import Testing

@testable import MartletBroker

@Suite("QoS 2")
struct ExactlyOnceTests {
    @Test("Both handshakes, publisher and subscriber of either version", arguments: [ProtocolVersion.v3_1_1, .v5], [ProtocolVersion.v3_1_1, .v5])
    func whole(publisherVersion: ProtocolVersion, subscriberVersion: ProtocolVersion) throws {
        let world = try TestBroker()
        let subscriber = world.connect("s", on: 1, version: subscriberVersion)
        subscriber.subscribe("a/#", qos: .exactlyOnce)
        #expect(subscriber.subAckCodes == [.grantedQoS2])
        let publisher = world.connect("p", version: publisherVersion)
        publisher.publish("a/b", "one", qos: .exactlyOnce, id: 7)
        #expect(publisher.exchange == ["PUBREC 7"])
        #expect(subscriber.texts == ["one"] && subscriber.publishes[0].qos == .exactlyOnce)
        publisher.release(7)
        #expect(publisher.exchange == ["PUBREC 7", "PUBCOMP 7"])
        subscriber.received(1)
        #expect(subscriber.exchange == ["PUBREL 1"])
        subscriber.complete(1)
        #expect(!subscriber.isClosed && !publisher.isClosed)
    }

    @Test("Each target gets the lower of both qualities", arguments: [QoS.atMostOnce, .atLeastOnce, .exactlyOnce], [QoS.atMostOnce, .atLeastOnce, .exactlyOnce])
    func lower(published: QoS, granted: QoS) throws {
        let world = try TestBroker()
        let subscriber = world.connect("s", on: 1)
        subscriber.subscribe("a", qos: granted)
        let kept = world.connect("k", clean: false, expiry: 100)
        kept.subscribe("a", qos: granted)
        world.sync()
        world.connect("p").publish("a", "x", qos: published)
        world.sync()
        #expect(subscriber.publishes.map(\.qos) == [min(published, granted)])
        #expect(kept.publishes.map(\.qos) == [min(published, granted)])
    }

    @Test("A repetition before PUBREL is answered again and not delivered again [MQTT-4.3.3-10]; after PUBCOMP the identifier is new [MQTT-4.3.3-12]")
    func repetition() throws {
        let world = try TestBroker()
        let subscriber = world.connect("s")
        subscriber.subscribe("a", qos: .atMostOnce)
        let publisher = world.connect("p")
        for _ in 0..<3 { publisher.publish("a", "one", qos: .exactlyOnce, id: 5) }
        #expect(subscriber.texts == ["one"])
        #expect(publisher.exchange == ["PUBREC 5", "PUBREC 5", "PUBREC 5"])
        publisher.release(5)
        publisher.publish("a", "two", qos: .exactlyOnce, id: 5)
        #expect(subscriber.texts == ["one", "two"])
    }

    @Test("What is not open is answered all the same: version 5 says 0x92")
    func unknown() throws {
        let world = try TestBroker()
        let five = world.connect("five")
        five.release(9)
        five.received(9)
        five.complete(9)
        five.acknowledge(9)
        #expect(five.exchange == ["PUBCOMP 9 0x92", "PUBREL 9 0x92"])
        let three = world.connect("three", version: .v3_1_1)
        three.release(9)
        three.received(9)
        #expect(three.exchange == ["PUBCOMP 9", "PUBREL 9"])
        #expect(!five.isClosed && !three.isClosed)
    }

    @Test("An acknowledgement that its exchange does not have is a protocol error")
    func wrongAcknowledgement() throws {
        let world = try TestBroker()
        for isKept in [false, true] {
            let client = world.connect("c\(isKept)", clean: !isKept, expiry: isKept ? 60 : 0)
            world.sync()
            client.subscribe("a", qos: .exactlyOnce)
            world.sync()
            world.connect("p").publish("a", "x", qos: .exactlyOnce)
            world.sync()
            client.acknowledge(client.publishes[0].packetID)
            #expect(client.disconnectCode == .protocolError)
        }
    }

    @Test("A PUBREC of failure ends the exchange, and the window has room again [MQTT-4.4.0-2]", arguments: [false, true])
    func rejected(isKept: Bool) throws {
        let world = try TestBroker()
        let client = world.connect("c", clean: !isKept, expiry: isKept ? 60 : 0, receiveMaximum: 1)
        world.sync()
        client.subscribe("a", qos: .exactlyOnce)
        world.sync()
        let publisher = world.connect("p")
        publisher.publish("a", "one", qos: .exactlyOnce, id: 1)
        publisher.publish("a", "two", qos: .exactlyOnce, id: 2)
        world.sync()
        #expect(client.texts == ["one"])
        client.received(1, .unspecifiedError)
        world.sync()
        #expect(client.texts == ["one", "two"])
        #expect(client.exchange == [])
    }

    @Test("The window counts an exchange until PUBCOMP, and delays nothing but PUBLISH [MQTT-4.9.0-2] [MQTT-4.9.0-3]", arguments: [false, true])
    func window(isKept: Bool) throws {
        let world = try TestBroker()
        let client = world.connect("c", clean: !isKept, expiry: isKept ? 60 : 0, receiveMaximum: 1)
        world.sync()
        client.subscribe("a", qos: .exactlyOnce)
        world.sync()
        let publisher = world.connect("p")
        for id in 1...2 as ClosedRange<UInt16> { publisher.publish("a", "\(id)", qos: .exactlyOnce, id: id) }
        world.sync()
        client.received(1)
        world.sync()
        #expect(client.texts == ["1"] && client.exchange == ["PUBREL 1"])
        client.complete(1)
        world.sync()
        #expect(client.texts == ["1", "2"])
    }

    @Test("More unreleased messages than the Receive Maximum end the connection with 0x93, a repetition does not count [MQTT-3.3.4-7]")
    func receiveMaximum() throws {
        var limits = BrokerLimits()
        limits.inflightIn = 2
        let world = try TestBroker(limits: limits)
        let client = world.connect("c")
        for id in [1, 2, 2, 1] as [UInt16] { client.publish("a", "x", qos: .exactlyOnce, id: id) }
        #expect(!client.isClosed)
        client.release(1)
        client.publish("a", "x", qos: .exactlyOnce, id: 3)
        #expect(!client.isClosed)
        client.publish("a", "x", qos: .exactlyOnce, id: 4)
        #expect(client.disconnectCode == .receiveMaximumExceeded)
    }

    @Test("The identifier of an unreleased message is in use: 0x91 for PUBLISH of QoS 1, SUBSCRIBE and UNSUBSCRIBE")
    func inUse() throws {
        let world = try TestBroker()
        let client = world.connect("c")
        client.publish("a", "x", qos: .exactlyOnce, id: 1)
        client.publish("a", "y", qos: .atLeastOnce, id: 1)
        client.subscribe("a")
        #expect(client.exchange == ["PUBREC 1", "PUBACK 1 0x91"])
        #expect(client.subAckCodes == [.packetIdentifierInUse])
    }
}
