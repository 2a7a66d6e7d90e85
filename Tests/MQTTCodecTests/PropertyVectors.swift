import MQTTCodec
import NIOCore

/// One property's bytes, what it is as a value, and the lists that may have it (MQTT 5.0 section 2.2.2.2, table 2-4).
struct PropertyVector: Sendable {
    let name: String
    let bytes: [UInt8]
    let lists: Set<PropertyCarrier.List>
    let set: @Sendable (inout Properties) -> Void

    init(
        _ name: String, _ bytes: String, _ lists: Set<PropertyCarrier.List>,
        _ set: @escaping @Sendable (inout Properties) -> Void
    ) {
        self.name = name
        self.bytes = hex(bytes)
        self.lists = lists
        self.set = set
    }
}

/// A packet of version 5 with a place for properties: its bytes around them, and the packet with them.
struct PropertyCarrier: Sendable {
    enum List: Sendable, CaseIterable {
        case connect, will, connAck, publish, pubAck, pubRec, pubRel, pubComp, subscribe, subAck, unsubscribe, unsubAck
        case disconnect, auth
    }

    let list: List
    let firstByte: UInt8
    let before: [UInt8]
    let after: [UInt8]
    let packet: @Sendable (Properties) -> Packet

    init(
        _ list: List, _ firstByte: UInt8, _ before: String, _ after: String,
        _ packet: @escaping @Sendable (Properties) -> Packet
    ) {
        self.list = list
        self.firstByte = firstByte
        self.before = hex(before)
        self.after = hex(after)
        self.packet = packet
    }

    /// The frame with these properties; both lengths in their shortest form.
    func frame(_ properties: [UInt8]) -> [UInt8] {
        let body = before + length(properties.count) + properties + after
        return [firstByte] + length(body.count) + body
    }
}

/// A Variable Byte Integer, written a second time: a mistake in the codec's own must not hide itself.
func length(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value % 128 + 128)] + length(value / 128)
}

extension PropertyCarrier {
    static let all: [PropertyCarrier] = [
        .init(.connect, 0x10, "0004 4D515454 05 02 003C", "0001 61") {
            .connect(Connect(version: .v5, clientID: "a", keepAliveSeconds: 60, properties: $0))
        },
        .init(.will, 0x10, "0004 4D515454 05 06 003C 00 0001 61", "0001 77 0001 78") {
            .connect(
                Connect(
                    version: .v5, clientID: "a", keepAliveSeconds: 60,
                    will: Will(topic: "w", payload: ByteBuffer(string: "x"), properties: $0)))
        },
        .init(.connAck, 0x20, "00 00", "") { .connAck(ConnAck(reasonCode: .success, properties: $0)) },
        .init(.publish, 0x30, "0001 74", "78") {
            .publish(Publish(topic: "t", payload: ByteBuffer(string: "x"), properties: $0))
        },
        .init(.pubAck, 0x40, "0001 00", "") { .pubAck(PubAck(packetID: 1, properties: $0)) },
        .init(.pubRec, 0x50, "0001 00", "") { .pubRec(PubRec(packetID: 1, properties: $0)) },
        .init(.pubRel, 0x62, "0001 00", "") { .pubRel(PubRel(packetID: 1, properties: $0)) },
        .init(.pubComp, 0x70, "0001 00", "") { .pubComp(PubComp(packetID: 1, properties: $0)) },
        .init(.subscribe, 0x82, "000A", "0001 61 00") {
            .subscribe(Subscribe(packetID: 10, subscriptions: [Subscription("a", qos: .atMostOnce)], properties: $0))
        },
        .init(.subAck, 0x90, "000A", "00") { .subAck(SubAck(packetID: 10, reasonCodes: [.grantedQoS0], properties: $0)) },
        .init(.unsubscribe, 0xA2, "000A", "0001 61") {
            .unsubscribe(Unsubscribe(packetID: 10, filters: ["a"], properties: $0))
        },
        .init(.unsubAck, 0xB0, "000A", "00") { .unsubAck(UnsubAck(packetID: 10, reasonCodes: [.success], properties: $0)) },
        .init(.disconnect, 0xE0, "00", "") { .disconnect(Disconnect(properties: $0)) },
        .init(.auth, 0xF0, "00", "") { .auth(Auth(properties: $0)) },
    ]
}

extension PropertyVector {
    private static let explained: Set<PropertyCarrier.List> = [
        .connAck, .pubAck, .pubRec, .pubRel, .pubComp, .subAck, .unsubAck, .disconnect, .auth,
    ]
    private static let authenticated: Set<PropertyCarrier.List> = [.connect, .connAck, .auth]

    static let all: [PropertyVector] = [
        .init("Payload Format Indicator", "01 01", [.publish, .will]) { $0.payloadIsUTF8 = true },
        .init("Message Expiry Interval", "02 FFFFFFFF", [.publish, .will]) { $0.messageExpiryIntervalSeconds = .max },
        .init("Content Type", "03 0002 C3A9", [.publish, .will]) { $0.contentType = "\u{E9}" },
        .init("Response Topic", "08 0003 722F74", [.publish, .will]) { $0.responseTopic = "r/t" },
        .init("Correlation Data", "09 0000", [.publish, .will]) { $0.correlationData = [] },
        .init("Subscription Identifier", "0B FFFFFF7F", [.publish, .subscribe]) {
            $0.appendSubscriptionIdentifier(268_435_455)
        },
        .init("Session Expiry Interval", "11 FFFFFFFF", [.connect, .connAck, .disconnect]) {
            $0.sessionExpiryIntervalSeconds = .max
        },
        .init("Assigned Client Identifier", "12 0001 63", [.connAck]) { $0.assignedClientIdentifier = "c" },
        .init("Server Keep Alive", "13 FFFF", [.connAck]) { $0.serverKeepAliveSeconds = 65_535 },
        .init("Authentication Method", "15 0001 6D", authenticated) { $0.authenticationMethod = "m" },
        .init("Authentication Data", "15 0001 6D 16 0002 00FF", authenticated) {
            $0.authenticationMethod = "m"
            $0.authenticationData = [0, 255]
        },
        .init("Request Problem Information", "17 00", [.connect]) { $0.requestProblemInformation = false },
        .init("Will Delay Interval", "18 00000000", [.will]) { $0.willDelayIntervalSeconds = 0 },
        .init("Request Response Information", "19 01", [.connect]) { $0.requestResponseInformation = true },
        .init("Response Information", "1A 0001 69", [.connAck]) { $0.responseInformation = "i" },
        .init("Server Reference", "1C 0001 73", [.connAck, .disconnect]) { $0.serverReference = "s" },
        .init("Reason String", "1F 0002 6E6F", explained) { $0.reasonString = "no" },
        .init("Receive Maximum", "21 FFFF", [.connect, .connAck]) { $0.receiveMaximum = 65_535 },
        .init("Topic Alias Maximum", "22 0000", [.connect, .connAck]) { $0.topicAliasMaximum = 0 },
        .init("Topic Alias", "23 FFFF", [.publish]) { $0.topicAlias = 65_535 },
        .init("Maximum QoS", "24 00", [.connAck]) { $0.maximumQoS = .atMostOnce },
        .init("Retain Available", "25 00", [.connAck]) { $0.retainAvailable = false },
        .init("User Property", "26 0000 0001 76", Set(PropertyCarrier.List.allCases)) { $0.appendUserProperty("", "v") },
        .init("Maximum Packet Size", "27 00000001", [.connect, .connAck]) { $0.maximumPacketSizeBytes = 1 },
        .init("Wildcard Subscription Available", "28 00", [.connAck]) { $0.wildcardSubscriptionAvailable = false },
        .init("Subscription Identifiers Available", "29 01", [.connAck]) { $0.subscriptionIdentifiersAvailable = true },
        .init("Shared Subscription Available", "2A 00", [.connAck]) { $0.sharedSubscriptionAvailable = false },
    ]
}

extension ValidVector {
    /// Every property in every list that may have it.
    static let propertyPlaces: [ValidVector] = PropertyVector.all.flatMap { property in
        PropertyCarrier.all.filter { property.lists.contains($0.list) }.map { carrier in
            var value = Properties()
            property.set(&value)
            return ValidVector(
                "\(property.name) in \(carrier.list)", .v5, carrier.frame(property.bytes), carrier.packet(value))
        }
    }

    /// Lengths on both sides of each step of a Variable Byte Integer: of frames in both versions, and of properties.
    static let boundaries: [ValidVector] = [127, 128, 16_383, 16_384, 2_097_151, 2_097_152].flatMap { count in
        ProtocolVersion.allCases.map { ofLength(count, $0) } + [withProperties(ofLength: count)]
    }

    private static func ofLength(_ count: Int, _ version: ProtocolVersion) -> ValidVector {
        let before: [UInt8] = [0, 1, 0x74] + (version == .v5 ? [0] : [])
        let payload = [UInt8](repeating: 0x78, count: count - before.count)
        return ValidVector(
            "PUBLISH of \(count) bytes", version, [0x30] + length(count) + before + payload,
            .publish(Publish(topic: "t", payload: ByteBuffer(bytes: payload))))
    }

    private static func withProperties(ofLength count: Int) -> ValidVector {
        var bytes: [UInt8] = []
        var value = Properties()
        while bytes.count < count {
            // A user property has five bytes and its texts; none may be left that has no room for one.
            var text = min(count - bytes.count - 5, 60_000)
            if 1..<5 ~= count - bytes.count - 5 - text { text -= 5 }
            bytes += [0x26, 0, 0, UInt8(text >> 8), UInt8(text & 255)] + [UInt8](repeating: 0x76, count: text)
            value.appendUserProperty("", MQTTString(bytes: [UInt8](repeating: 0x76, count: text)))
        }
        return ValidVector(
            "PUBLISH with properties of \(count) bytes", .v5, PropertyCarrier.all[3].frame(bytes),
            PropertyCarrier.all[3].packet(value))
    }
}
