import MQTTCodec
import NIOCore

/// Well-formed packets with chosen fields: small sets of names, so that connections meet.
enum PacketGrammar {
    private static let clientIDs: [MQTTString] = ["a", "b", "c", ""]
    private static let topics: [MQTTString] = ["t", "t/x", "u", "", "$aws/things/a/shadow/get", "t/#", "$SYS/x"]
    private static let filters: [MQTTString] = [
        "t", "t/#", "+/x", "#", "$share/g/t", "$share/g/#", "$share/h/t/x", "$aws/events/presence/connected/a", "a#",
        "$share/+/t",
    ]
    private static let identifiers: [UInt16] = [1, 2, 3, 4, 65_535]
    private static let ackCodes: [ReasonCode] = [.success, .noMatchingSubscribers, .unspecifiedError, .packetIdentifierNotFound]

    static func connect(_ script: inout FuzzScript) -> Packet {
        let version: ProtocolVersion = script.flag() ? .v5 : .v3_1_1
        let shape = script.byte()
        var properties = Properties()
        if version == .v5 {
            if shape & 1 != 0 { properties.sessionExpiryIntervalSeconds = script.pick([60, 1, .max]) }
            if shape & 2 != 0 { properties.receiveMaximum = script.pick([1, 2, 3, 65_535]) }
            if shape & 4 != 0 { properties.topicAliasMaximum = script.pick([1, 2, 10]) }
            if shape & 8 != 0 { properties.maximumPacketSizeBytes = script.pick([64, 20, 1, 1000]) }
            if shape & 16 != 0 { properties.requestProblemInformation = false }
        }
        return .connect(
            Connect(
                version: version, clientID: script.pick(clientIDs), cleanStart: shape & 32 != 0,
                keepAliveSeconds: script.pick([0, 1, 30]), will: shape & 64 != 0 ? will(version, &script) : nil,
                userName: shape & 128 != 0 ? "u" : nil, properties: properties))
    }

    private static func will(_ version: ProtocolVersion, _ script: inout FuzzScript) -> Will {
        var properties = Properties()
        if version == .v5 { properties.willDelayIntervalSeconds = script.pick([0, 2, 100]) }
        return Will(
            topic: script.pick(topics), payload: ByteBuffer(string: "w"), qos: script.pick(QoS.all), retain: script.flag(),
            properties: properties)
    }

    static func publish(_ version: ProtocolVersion, _ script: inout FuzzScript) -> Packet {
        let shape = script.byte()
        let qos = QoS.all[Int(shape & 3) % 3]
        var properties = Properties()
        if version == .v5 {
            if shape & 16 != 0 { properties.topicAlias = script.pick([1, 2, 4, 0, 200]) }
            if shape & 32 != 0 { properties.messageExpiryIntervalSeconds = script.pick([1, 0, 50]) }
            if shape & 64 != 0 { properties.appendUserProperty("k", MQTTString(bytes: Array("v".utf8))) }
            if shape & 128 != 0 { properties.correlationData = script.take(3) }
        }
        let size = script.pick([1, 0, 4, 60, 20_000])
        return .publish(
            Publish(
                topic: script.pick(topics), payload: ByteBuffer(repeating: script.byte(), count: size), qos: qos,
                retain: shape & 4 != 0, dup: shape & 8 != 0, packetID: qos == .atMostOnce ? 0 : script.pick(identifiers),
                properties: properties))
    }

    static func subscribe(_ version: ProtocolVersion, _ script: inout FuzzScript) -> Packet {
        let shape = script.byte()
        var properties = Properties()
        if version == .v5, shape & 1 != 0 { properties.subscriptionIdentifier = script.pick([1, 127, 128, 268_435_455]) }
        let subscriptions = (0...Int(shape >> 6)).map { _ in
            let options = script.byte()
            return Subscription(
                script.pick(filters), qos: QoS.all[Int(options & 3) % 3], noLocal: options & 4 != 0,
                retainAsPublished: options & 8 != 0,
                retainHandling: Subscription.RetainHandling(rawValue: (options >> 4) % 3) ?? .send)
        }
        return .subscribe(
            Subscribe(packetID: script.pick(identifiers), subscriptions: subscriptions, properties: properties))
    }

    static func unsubscribe(_ script: inout FuzzScript) -> Packet {
        let count = 1 + script.below(2)
        return .unsubscribe(
            Unsubscribe(packetID: script.pick(identifiers), filters: (0..<count).map { _ in script.pick(filters) }))
    }

    /// - Parameter id: what the server waits for, if the script wants that.
    static func acknowledgement(_ type: PacketType, id: UInt16?, _ script: inout FuzzScript) -> Packet {
        let ack = Acknowledgement(packetID: id ?? script.pick(identifiers), reasonCode: script.pick(ackCodes))
        return switch type {
        case .pubAck: .pubAck(ack)
        case .pubRec: .pubRec(ack)
        case .pubRel: .pubRel(ack)
        default: .pubComp(ack)
        }
    }

    static func disconnect(_ version: ProtocolVersion, _ script: inout FuzzScript) -> Packet {
        guard version == .v5 else { return .disconnect(Disconnect()) }
        var properties = Properties()
        if script.flag() { properties.sessionExpiryIntervalSeconds = script.pick([0, 5]) }
        return .disconnect(
            Disconnect(
                reasonCode: script.pick([.normalDisconnection, .disconnectWithWillMessage, .unspecifiedError]),
                properties: properties))
    }
}

extension QoS {
    fileprivate static let all: [QoS] = [.atMostOnce, .atLeastOnce, .exactlyOnce]
}
