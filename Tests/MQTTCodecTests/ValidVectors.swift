import MQTTCodec
import NIOCore
import Testing

/// A frame beside the packet that it is, for both directions.
struct ValidVector: Sendable, CustomTestStringConvertible {
    let name: String
    let version: ProtocolVersion
    let bytes: [UInt8]
    let packet: Packet

    init(_ name: String, _ version: ProtocolVersion, _ bytes: String, _ packet: Packet) {
        self.name = name
        self.version = version
        self.bytes = hex(bytes)
        self.packet = packet
    }

    init(_ name: String, _ version: ProtocolVersion, _ bytes: [UInt8], _ packet: Packet) {
        self.name = name
        self.version = version
        self.bytes = bytes
        self.packet = packet
    }

    var testDescription: String { "\(version) \(name)" }
}

private func properties(_ build: (inout Properties) -> Void) -> Properties {
    var properties = Properties()
    build(&properties)
    return properties
}

private func payload(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

extension ValidVector {
    static let all: [ValidVector] = version3 + version5 + propertyPlaces

    static let version3: [ValidVector] = [
        .init(
            "CONNECT, shortest", .v3_1_1, "10 0D 0004 4D515454 04 02 003C 0001 61",
            .connect(Connect(version: .v3_1_1, clientID: "a", keepAliveSeconds: 60))),
        .init(
            "CONNECT, empty client id", .v3_1_1, "10 0C 0004 4D515454 04 02 0000 0000",
            .connect(Connect(version: .v3_1_1, clientID: ""))),
        .init(
            "CONNECT with everything", .v3_1_1,
            "10 1D 0004 4D515454 04 EC 000A 0002 6331 0003 772F74 0002 6279 0001 75 0001 70",
            .connect(
                Connect(
                    version: .v3_1_1, clientID: "c1", cleanStart: false, keepAliveSeconds: 10,
                    will: Will(topic: "w/t", payload: payload("by"), qos: .atLeastOnce, retain: true), userName: "u",
                    password: [0x70]))),
        .init("CONNACK accepted", .v3_1_1, "20 02 01 00", .connAck(ConnAck(sessionPresent: true, reasonCode: .success))),
        .init("CONNACK not authorized", .v3_1_1, "20 02 00 05", .connAck(ConnAck(reasonCode: .notAuthorized))),
        .init(
            "CONNACK bad version", .v3_1_1, "20 02 00 01", .connAck(ConnAck(reasonCode: .unsupportedProtocolVersion))),
        .init("PUBLISH QoS 0", .v3_1_1, "30 07 0003 612F62 6869", .publish(Publish(topic: "a/b", payload: payload("hi")))),
        .init("PUBLISH retained and empty", .v3_1_1, "31 03 0001 61", .publish(Publish(topic: "a", retain: true))),
        .init(
            "PUBLISH QoS 2, DUP", .v3_1_1, "3C 06 0001 61 1234 78",
            .publish(Publish(topic: "a", payload: payload("x"), qos: .exactlyOnce, dup: true, packetID: 0x1234))),
        .init("PUBACK", .v3_1_1, "40 02 0001", .pubAck(PubAck(packetID: 1))),
        .init("PUBREC", .v3_1_1, "50 02 FFFF", .pubRec(PubRec(packetID: 65_535))),
        .init("PUBREL", .v3_1_1, "62 02 0102", .pubRel(PubRel(packetID: 258))),
        .init("PUBCOMP", .v3_1_1, "70 02 0001", .pubComp(PubComp(packetID: 1))),
        .init(
            "SUBSCRIBE of two", .v3_1_1, "82 0C 000A 0003 612F23 01 0001 2B 02",
            .subscribe(
                Subscribe(
                    packetID: 10,
                    subscriptions: [Subscription("a/#", qos: .atLeastOnce), Subscription("+", qos: .exactlyOnce)]))),
        .init(
            "SUBACK", .v3_1_1, "90 05 000A 00 02 80",
            .subAck(SubAck(packetID: 10, reasonCodes: [.grantedQoS0, .grantedQoS2, .unspecifiedError]))),
        .init(
            "UNSUBSCRIBE", .v3_1_1, "A2 08 000B 0001 61 0001 62",
            .unsubscribe(Unsubscribe(packetID: 11, filters: ["a", "b"]))),
        .init("UNSUBACK", .v3_1_1, "B0 02 000B", .unsubAck(UnsubAck(packetID: 11))),
        .init("PINGREQ", .v3_1_1, "C0 00", .pingReq(PingReq())),
        .init("PINGRESP", .v3_1_1, "D0 00", .pingResp(PingResp())),
        .init("DISCONNECT", .v3_1_1, "E0 00", .disconnect(Disconnect())),
    ]

    static let version5: [ValidVector] = [
        .init(
            "CONNECT, shortest", .v5, "10 0E 0004 4D515454 05 02 003C 00 0001 61",
            .connect(Connect(version: .v5, clientID: "a", keepAliveSeconds: 60))),
        .init(
            "CONNECT with password and no user name", .v5, "10 10 0004 4D515454 05 42 0000 00 0000 0001 70",
            .connect(Connect(version: .v5, clientID: "", password: [0x70]))),
        .init(
            "CONNECT with properties and will", .v5,
            "10 3B 0004 4D515454 05 C6 000A 14 11 00000E10 21 0064 22 0008 27 00020000 19 01 17 00"
                + " 0002 6331 0B 18 00000005 01 01 03 0001 74 0001 77 0001 6D 0001 75 0001 70",
            .connect(
                Connect(
                    version: .v5, clientID: "c1", keepAliveSeconds: 10,
                    will: Will(
                        topic: "w", payload: payload("m"),
                        properties: properties {
                            $0.willDelayIntervalSeconds = 5
                            $0.payloadIsUTF8 = true
                            $0.contentType = "t"
                        }),
                    userName: "u", password: [0x70],
                    properties: properties {
                        $0.sessionExpiryIntervalSeconds = 3600
                        $0.receiveMaximum = 100
                        $0.topicAliasMaximum = 8
                        $0.maximumPacketSizeBytes = 131_072
                        $0.requestResponseInformation = true
                        $0.requestProblemInformation = false
                    }))),
        .init("CONNACK accepted", .v5, "20 03 01 00 00", .connAck(ConnAck(sessionPresent: true, reasonCode: .success))),
        .init(
            "CONNACK with properties", .v5,
            "20 1C 00 00 19 12 0003 676E31 13 04B0 24 01 25 01 28 01 29 00 2A 01 22 0008 21 0064",
            .connAck(
                ConnAck(
                    reasonCode: .success,
                    properties: properties {
                        $0.assignedClientIdentifier = "gn1"
                        $0.serverKeepAliveSeconds = 1200
                        $0.maximumQoS = .atLeastOnce
                        $0.retainAvailable = true
                        $0.wildcardSubscriptionAvailable = true
                        $0.subscriptionIdentifiersAvailable = false
                        $0.sharedSubscriptionAvailable = true
                        $0.topicAliasMaximum = 8
                        $0.receiveMaximum = 100
                    }))),
        .init(
            "CONNACK refused with reason", .v5, "20 08 00 87 05 1F 0002 6E6F",
            .connAck(ConnAck(reasonCode: .notAuthorized, properties: properties { $0.reasonString = "no" }))),
        .init(
            "PUBLISH QoS 0", .v5, "30 08 0003 612F62 00 6869", .publish(Publish(topic: "a/b", payload: payload("hi")))),
        .init(
            "PUBLISH with alias alone", .v5, "32 09 0000 0007 03 23 0005 78",
            .publish(
                Publish(
                    topic: "", payload: payload("x"), qos: .atLeastOnce, packetID: 7,
                    properties: properties { $0.topicAlias = 5 }))),
        .init(
            "PUBLISH with properties in order", .v5,
            "33 2A 0001 74 0007 23 02 0000003C 26 0001 61 0001 31 08 0001 72 09 0002 00FF 26 0001 61 0001 32"
                + " 0B 01 0B 8001 01 00 78",
            .publish(
                Publish(
                    topic: "t", payload: payload("x"), qos: .atLeastOnce, retain: true, packetID: 7,
                    properties: properties {
                        $0.messageExpiryIntervalSeconds = 60
                        $0.appendUserProperty("a", "1")
                        $0.responseTopic = "r"
                        $0.correlationData = [0, 255]
                        $0.appendUserProperty("a", "2")
                        $0.appendSubscriptionIdentifier(1)
                        $0.appendSubscriptionIdentifier(128)
                        $0.payloadIsUTF8 = false
                    }))),
        .init("PUBACK, two-byte form", .v5, "40 02 0001", .pubAck(PubAck(packetID: 1))),
        .init(
            "PUBACK with code", .v5, "40 03 0001 10", .pubAck(PubAck(packetID: 1, reasonCode: .noMatchingSubscribers))),
        .init(
            "PUBREC with properties", .v5, "50 08 0001 97 04 1F 0001 71",
            .pubRec(PubRec(packetID: 1, reasonCode: .quotaExceeded, properties: properties { $0.reasonString = "q" }))),
        .init("PUBREL", .v5, "62 03 0102 92", .pubRel(PubRel(packetID: 258, reasonCode: .packetIdentifierNotFound))),
        .init("PUBCOMP", .v5, "70 02 0001", .pubComp(PubComp(packetID: 1))),
        .init(
            "SUBSCRIBE with options and identifier", .v5, "82 13 000A 03 0B FF7F 0003 612F23 2D 0004 622F2B2F 12",
            .subscribe(
                Subscribe(
                    packetID: 10,
                    subscriptions: [
                        Subscription(
                            "a/#", qos: .atLeastOnce, noLocal: true, retainAsPublished: true,
                            retainHandling: .doNotSend),
                        Subscription("b/+/", qos: .exactlyOnce, retainHandling: .sendIfNew),
                    ], properties: properties { $0.subscriptionIdentifier = 16_383 }))),
        .init(
            "SUBACK", .v5, "90 06 000A 00 01 8F 97",
            .subAck(SubAck(packetID: 10, reasonCodes: [.grantedQoS1, .topicFilterInvalid, .quotaExceeded]))),
        .init(
            "UNSUBSCRIBE with user property", .v5, "A2 0D 000B 07 26 0001 6B 0001 76 0001 61",
            .unsubscribe(
                Unsubscribe(
                    packetID: 11, filters: ["a"], properties: properties { $0.appendUserProperty("k", "v") }))),
        .init(
            "UNSUBACK", .v5, "B0 05 000B 00 00 11",
            .unsubAck(UnsubAck(packetID: 11, reasonCodes: [.success, .noSubscriptionExisted]))),
        .init("PINGREQ", .v5, "C0 00", .pingReq(PingReq())),
        .init("PINGRESP", .v5, "D0 00", .pingResp(PingResp())),
        .init("DISCONNECT, shortest", .v5, "E0 00", .disconnect(Disconnect())),
        .init("DISCONNECT taken over", .v5, "E0 01 8E", .disconnect(Disconnect(reasonCode: .sessionTakenOver))),
        .init(
            "DISCONNECT with expiry", .v5, "E0 07 00 05 11 00000000",
            .disconnect(Disconnect(properties: properties { $0.sessionExpiryIntervalSeconds = 0 }))),
        .init("AUTH, shortest", .v5, "F0 00", .auth(Auth())),
        .init(
            "AUTH continue", .v5, "F0 0B 18 09 15 0001 6D 16 0002 0102",
            .auth(
                Auth(
                    reasonCode: .continueAuthentication,
                    properties: properties {
                        $0.authenticationMethod = "m"
                        $0.authenticationData = [1, 2]
                    }))),
    ]
}
