import MQTTCodec
import MartletBase
import NIOCore
import Testing

@testable import MartletBroker

/// `mqtt.profile: aws` (mqtt-broker.md section 18).
@Suite struct AWSProfileTests {
    private func world() throws -> TestBroker {
        var behaviour = BrokerBehaviour()
        behaviour.profile = .aws
        return try TestBroker(behaviour: behaviour)
    }

    @Test("CONNACK says QoS 1 and no Subscription Identifiers")
    func connAck() throws {
        let world = try world()
        let properties = world.connect("c").connAck?.properties
        #expect(properties?.maximumQoS == .atLeastOnce)
        #expect(properties?.subscriptionIdentifiersAvailable == false)
    }

    @Test("QoS 2 ends the connection, with 0x9B in version 5", arguments: [ProtocolVersion.v3_1_1, .v5])
    func qos2(_ version: ProtocolVersion) throws {
        let world = try world()
        let publisher = world.connect("p", version: version)
        publisher.publish("t", "x", qos: .exactlyOnce)
        #expect(publisher.isClosed && publisher.disconnectCode == (version == .v5 ? .qosNotSupported : nil))
        let subscriber = world.connect("s", version: version)
        subscriber.subscribe("t", qos: .exactlyOnce)
        #expect(subscriber.isClosed && subscriber.disconnectCode == (version == .v5 ? .qosNotSupported : nil))
        #expect(!subscriber.hasSubAck)
        let will = Will(topic: "t", payload: ByteBuffer(), qos: .exactlyOnce, retain: false)
        let dying = world.connect("w", version: version, will: will)
        #expect(dying.isClosed && dying.connAck?.reasonCode == (version == .v5 ? .qosNotSupported : nil))
    }

    @Test("a Subscription Identifier ends the connection with 0xA1")
    func subscriptionIdentifier() throws {
        let world = try world()
        let client = world.connect("c")
        client.subscribe("t", identifier: 7)
        #expect(client.isClosed && client.disconnectCode == .subscriptionIdentifiersNotSupported)
    }

    @Test("a/# does not match a")
    func parent() throws {
        let world = try world()
        let client = world.connect("c")
        client.subscribe("a/#")
        client.publish("a", "parent", id: 1)
        client.publish("a/b", "child", id: 2)
        #expect(client.texts == ["child"])
    }

    @Test("retained messages go to exact filters only")
    func retained() throws {
        let world = try world()
        let client = world.connect("c")
        client.publish("a/b", "kept", retain: true)
        world.sync()
        client.subscribe("a/+")
        #expect(client.texts == [])
        client.subscribe("a/b")
        #expect(client.texts == ["kept"])
    }

    @Test("a session of the other version is not taken up, and ends")
    func otherVersion() throws {
        let world = try world()
        let five = world.connect("c", clean: false, expiry: 100)
        world.sync()
        five.subscribe("t")
        world.sync()
        five.cut()
        world.sync()
        let three = world.connect("c", version: .v3_1_1, clean: false)
        world.sync()
        #expect(three.connAck?.sessionPresent == false)
        three.cut()
        world.sync()
        let again = world.connect("c", version: .v3_1_1, clean: false)
        world.sync()
        #expect(again.connAck?.sessionPresent == true)
    }

    @Test("names under $ that are not AWS's are refused, $SYS among them")
    func reserved() throws {
        let world = try world()
        let five = world.connect("five")
        for filter in ["$SYS/#", "$mine/t"] {
            five.subscribe(filter)
            #expect(five.subAckCodes == [.topicFilterInvalid])
        }
        five.publish("$mine/t", "x")
        #expect(five.exchange == ["PUBACK 1 0x90"])
        let three = world.connect("three", version: .v3_1_1)
        three.subscribe("$SYS/#")
        #expect(three.isClosed)
    }
}
