import MQTTCodec
import NIOCore

/// Makes random packets that are valid in one version.
struct PacketMaker {
    let version: ProtocolVersion

    func packet(_ generator: inout SeededGenerator) -> Packet {
        switch generator.below(version == .v5 ? 15 : 14) {
        case 0: .connect(connect(&generator))
        case 1: .connAck(connAck(&generator))
        case 2: .publish(publish(&generator))
        case 3: .pubAck(ack(.pubAck, &generator))
        case 4: .pubRec(ack(.pubRec, &generator))
        case 5: .pubRel(ack(.pubRel, &generator))
        case 6: .pubComp(ack(.pubComp, &generator))
        case 7: .subscribe(subscribe(&generator))
        case 8: .subAck(SubAck(packetID: id(&generator), reasonCodes: subAckCodes(&generator), properties: explained(&generator)))
        case 9:
            .unsubscribe(
                Unsubscribe(
                    packetID: id(&generator), filters: (0...generator.below(3)).map { _ in string(&generator) }))
        case 10:
            .unsubAck(
                UnsubAck(
                    packetID: id(&generator), reasonCodes: version == .v5 ? [code(in: .unsubAck, &generator)] : []))
        case 11: .pingReq(PingReq())
        case 12: .pingResp(PingResp())
        case 13:
            .disconnect(
                version == .v5
                    ? Disconnect(reasonCode: code(in: .disconnect, &generator), properties: explained(&generator))
                    : Disconnect())
        default: .auth(Auth(reasonCode: code(in: .auth, &generator), properties: explained(&generator)))
        }
    }

    private func connect(_ generator: inout SeededGenerator) -> Connect {
        var properties = Properties()
        var willProperties = Properties()
        if version == .v5 {
            properties.sessionExpiryIntervalSeconds = UInt32(truncatingIfNeeded: generator.next())
            if generator.chance(2) { properties.receiveMaximum = id(&generator) }
            if generator.chance(2) { properties.appendUserProperty(string(&generator), string(&generator)) }
            if generator.chance(2) { willProperties.willDelayIntervalSeconds = 5 }
        }
        let will =
            generator.chance(2)
            ? Will(
                topic: string(&generator), payload: ByteBuffer(bytes: generator.bytes(generator.below(300))),
                qos: qos(&generator), retain: generator.chance(2), properties: willProperties) : nil
        let userName = generator.chance(2) ? string(&generator) : nil
        let mayHavePassword = version == .v5 || userName != nil
        return Connect(
            version: version, clientID: string(&generator), cleanStart: generator.chance(2),
            keepAliveSeconds: UInt16(truncatingIfNeeded: generator.next()), will: will, userName: userName,
            password: mayHavePassword && generator.chance(2) ? generator.bytes(generator.below(20)) : nil,
            properties: properties)
    }

    private func connAck(_ generator: inout SeededGenerator) -> ConnAck {
        guard version == .v5 else {
            return ConnAck(
                reasonCode: ConnectReturnCode.allCases.randomElement(using: &generator)?.reasonCode ?? .success)
        }
        let reasonCode = code(in: .connAck, &generator)
        return ConnAck(
            sessionPresent: reasonCode == .success && generator.chance(2), reasonCode: reasonCode,
            properties: explained(&generator))
    }

    private func publish(_ generator: inout SeededGenerator) -> Publish {
        let qos = qos(&generator)
        var properties = Properties()
        if version == .v5 {
            if generator.chance(2) { properties.messageExpiryIntervalSeconds = 3 }
            if generator.chance(2) { properties.correlationData = generator.bytes(generator.below(200)) }
            if generator.chance(2) { properties.appendUserProperty(string(&generator), string(&generator)) }
            if generator.chance(2) { properties.appendSubscriptionIdentifier(1 + generator.below(268_435_455)) }
        }
        return Publish(
            topic: string(&generator), payload: ByteBuffer(bytes: generator.bytes(generator.below(300))), qos: qos,
            retain: generator.chance(2), dup: qos != .atMostOnce && generator.chance(2),
            packetID: qos == .atMostOnce ? 0 : id(&generator), properties: properties)
    }

    private func ack(_ type: PacketType, _ generator: inout SeededGenerator) -> Acknowledgement {
        guard version == .v5 else { return Acknowledgement(packetID: id(&generator)) }
        return Acknowledgement(
            packetID: id(&generator), reasonCode: code(in: type, &generator), properties: explained(&generator))
    }

    private func subscribe(_ generator: inout SeededGenerator) -> Subscribe {
        let subscriptions = (0...generator.below(4)).map { _ in
            version == .v5
                ? Subscription(
                    string(&generator), qos: qos(&generator), noLocal: generator.chance(2),
                    retainAsPublished: generator.chance(2),
                    retainHandling: Subscription.RetainHandling(rawValue: UInt8(generator.below(3))) ?? .send)
                : Subscription(string(&generator), qos: qos(&generator))
        }
        var properties = Properties()
        if version == .v5, generator.chance(2) { properties.subscriptionIdentifier = 1 + generator.below(1 << 20) }
        return Subscribe(packetID: id(&generator), subscriptions: subscriptions, properties: properties)
    }

    private func subAckCodes(_ generator: inout SeededGenerator) -> [ReasonCode] {
        (0...generator.below(4)).map { _ in
            version == .v5 ? code(in: .subAck, &generator) : [.success, .grantedQoS1, .unspecifiedError][generator.below(3)]
        }
    }

    private func explained(_ generator: inout SeededGenerator) -> Properties {
        var properties = Properties()
        guard version == .v5, generator.chance(2) else { return properties }
        properties.reasonString = string(&generator)
        if generator.chance(2) { properties.appendUserProperty(string(&generator), string(&generator)) }
        return properties
    }

    private func code(in type: PacketType, _ generator: inout SeededGenerator) -> ReasonCode {
        ReasonCode.allCases.filter { $0.isDefined(in: type) }.randomElement(using: &generator) ?? .success
    }

    private func id(_ generator: inout SeededGenerator) -> UInt16 { UInt16(1 + generator.below(65_535)) }

    private func qos(_ generator: inout SeededGenerator) -> QoS { QoS.allCases[generator.below(3)] }

    private func string(_ generator: inout SeededGenerator) -> MQTTString {
        let letters: [Character] = ["a", "/", "é", "€", "😀", "\u{FEFF}", "e\u{301}", "z"]
        return MQTTString(String((0...generator.below(30)).map { _ in letters[generator.below(letters.count)] }))
    }
}
