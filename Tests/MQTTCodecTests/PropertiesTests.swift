import MQTTCodec
import NIOCore
import Testing

@Suite("Properties")
struct PropertiesTests {
    /// The shortest valid encoding of each property's value, by its type in MQTT 5.0 section 2.2.2.2.
    private static let samples: [UInt8: String] = [
        0x01: "01", 0x02: "00000001", 0x03: "0001 61", 0x08: "0001 61", 0x09: "0001 00", 0x0B: "01", 0x11: "00000001",
        0x12: "0001 61", 0x13: "0001", 0x15: "0001 61", 0x16: "0001 00", 0x17: "01", 0x18: "00000001", 0x19: "01",
        0x1A: "0001 61", 0x1C: "0001 61", 0x1F: "0001 61", 0x21: "0001", 0x22: "0001", 0x23: "0001", 0x24: "01",
        0x25: "01", 0x26: "0001 61 0001 62", 0x27: "00000001", 0x28: "01", 0x29: "01", 0x2A: "01",
    ]

    /// Which properties each packet may carry, by the same table, read by packet.
    private static let allowed: [(type: PacketType, head: String, tail: String, identifiers: Set<UInt8>)] = [
        (.connect, "0004 4D515454 05 02 0000", "0000", [0x11, 0x15, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]),
        (
            .connAck, "00 00", "",
            [
                0x11, 0x12, 0x13, 0x15, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A,
            ]
        ),
        (.publish, "0001 61", "", [0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26]),
        (.pubAck, "0001 10", "", [0x1F, 0x26]), (.pubRec, "0001 10", "", [0x1F, 0x26]),
        (.pubRel, "0001 92", "", [0x1F, 0x26]), (.pubComp, "0001 92", "", [0x1F, 0x26]),
        (.subscribe, "0001", "0001 61 00", [0x0B, 0x26]), (.subAck, "0001", "00", [0x1F, 0x26]),
        (.unsubscribe, "0001", "0001 61", [0x26]), (.unsubAck, "0001", "00", [0x1F, 0x26]),
        (.disconnect, "00", "", [0x11, 0x1C, 0x1F, 0x26]), (.auth, "18", "", [0x15, 0x1F, 0x26]),
    ]

    @Test("Each packet takes exactly its properties, and none twice that may not repeat")
    func table() {
        #expect(Set(Self.samples.keys) == Set(PropertyIdentifier.allCases.map(\.rawValue)))
        for (type, head, tail, identifiers) in Self.allowed {
            for identifier in UInt8.min...0x7F {
                let one = [identifier] + hex(Self.samples[identifier] ?? "00")
                let found = fault(frame(type, head, one, tail), .v5)?.fault
                if Self.samples[identifier] == nil {
                    #expect(found == .unknownProperty)
                } else if identifiers.contains(identifier) {
                    #expect(found == nil, "\(type) \(identifier)")
                    let mayRepeat = identifier == 0x26 || (identifier == 0x0B && type == .publish)
                    let twice = fault(frame(type, head, one + one, tail), .v5)
                    #expect(twice?.fault == (mayRepeat ? nil : .duplicateProperty), "\(type) \(identifier)")
                } else if identifier == 0x16, [.connect, .connAck, .auth].contains(type) {
                    #expect(found == .authenticationDataWithoutMethod)
                } else {
                    #expect(found == .propertyNotInPacket, "\(type) \(identifier)")
                }
            }
        }
    }

    @Test("A will takes exactly its properties")
    func will() {
        let identifiers: Set<UInt8> = [0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]
        for (identifier, sample) in Self.samples {
            let one = [identifier] + hex(sample)
            let bytes = frame(.connect, "0004 4D515454 05 06 0000 00 0000", one, "0001 77 0000")
            #expect((fault(bytes, .v5) == nil) == identifiers.contains(identifier), "\(identifier)")
        }
    }

    @Test("Setting replaces in place, nil removes, and user properties keep order and number")
    func accessors() {
        var properties = Properties()
        properties.appendUserProperty("b", "1")
        properties.receiveMaximum = 5
        properties.appendUserProperty("a", "2")
        properties.appendUserProperty("b", "1")
        properties.receiveMaximum = 6
        #expect(properties.elements.map(\.identifier) == [.userProperty, .receiveMaximum, .userProperty, .userProperty])
        #expect(properties.receiveMaximum == 6)
        #expect(
            properties.userProperties == [UserProperty("b", "1"), UserProperty("a", "2"), UserProperty("b", "1")])
        properties.receiveMaximum = nil
        #expect(properties.receiveMaximum == nil)
        #expect(properties.elements.count == 3)
        properties.maximumQoS = .exactlyOnce
        #expect(properties.maximumQoS == nil)
    }

    @Test("What cannot be encoded is refused by name and leaves the buffer as it was")
    func refusals() {
        let long = MQTTString(bytes: [UInt8](repeating: 0x61, count: 65_536))
        var tooLong = Properties()
        tooLong.reasonString = long
        var badID = Properties()
        badID.subscriptionIdentifier = 0
        let cases: [(Packet, ProtocolVersion, PacketEncodingError)] = [
            (.pubAck(PubAck(packetID: 1, properties: tooLong)), .v5, .fieldTooLong(bytes: 65_536)),
            (.connect(Connect(version: .v5, clientID: long)), .v5, .fieldTooLong(bytes: 65_536)),
            (.connect(Connect(version: .v5, clientID: "a\0")), .v5, .invalidString),
            (.connect(Connect(version: .v3_1_1, clientID: "a", password: [1])), .v3_1_1, .notInVersion3(.connect)),
            (.publish(Publish(topic: long)), .v5, .fieldTooLong(bytes: 65_536)),
            (.publish(Publish(topic: "a", qos: .atLeastOnce)), .v5, .packetIDZero),
            (.pubAck(PubAck(packetID: 0)), .v5, .packetIDZero),
            (.subscribe(Subscribe(packetID: 1, subscriptions: [])), .v5, .noTopicFilter),
            (
                .subscribe(
                    Subscribe(
                        packetID: 1, subscriptions: [Subscription("a", qos: .atMostOnce)], properties: badID)),
                .v5, .fieldTooLong(bytes: 0)
            ),
            (.unsubscribe(Unsubscribe(packetID: 1, filters: [])), .v5, .noTopicFilter),
            (.connAck(ConnAck(reasonCode: .packetTooLarge)), .v3_1_1, .noReturnCode(.packetTooLarge)),
            (.auth(Auth()), .v3_1_1, .notInVersion3(.auth)),
        ]
        for (packet, version, expected) in cases {
            var buffer = ByteBuffer(bytes: [1])
            #expect(throws: expected) { try packet.encode(into: &buffer, version: version) }
            #expect(buffer == ByteBuffer(bytes: [1]))
        }
    }

    @Test("[MQTT-3.2.2-6] Return codes of 3.1.1 and reason codes translate both ways")
    func returnCodes() {
        for code in ConnectReturnCode.allCases {
            #expect(ConnectReturnCode(code.reasonCode) == code)
        }
        #expect(ConnectReturnCode(.quotaExceeded) == .serverUnavailable)
        #expect(ConnectReturnCode(.topicNameInvalid) == nil)
    }

    @Test("[MQTT-3.9.3-2] A failure in SUBACK is 0x80 in version 3.1.1")
    func subAckVersion3() throws {
        let packet = Packet.subAck(SubAck(packetID: 1, reasonCodes: [.grantedQoS1, .topicFilterInvalid]))
        #expect(try encode(packet, .v3_1_1) == hex("90 04 0001 01 80"))
    }

    private func frame(_ type: PacketType, _ head: String, _ properties: [UInt8], _ tail: String) -> [UInt8] {
        let body = hex(head) + [UInt8(properties.count)] + properties + hex(tail)
        return [type.firstByte, UInt8(body.count)] + body
    }
}
