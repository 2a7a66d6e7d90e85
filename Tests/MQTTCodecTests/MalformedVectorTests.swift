import MQTTCodec
import MartletBase
import Testing

/// A frame that must be refused, and how.
struct MalformedVector: Sendable, CustomTestStringConvertible {
    let name: String
    let versions: [ProtocolVersion]
    let bytes: [UInt8]
    let fault: MalformedPacket.Fault
    let reasonCode: ReasonCode

    init(
        _ name: String, _ versions: [ProtocolVersion], _ bytes: String, _ fault: MalformedPacket.Fault,
        _ reasonCode: UInt8
    ) {
        self.name = name
        self.versions = versions
        self.bytes = hex(bytes)
        self.fault = fault
        self.reasonCode = ReasonCode(rawValue: reasonCode) ?? .success
    }

    var testDescription: String { name }
}

private let v3: [ProtocolVersion] = [.v3_1_1]
private let v5: [ProtocolVersion] = [.v5]
private let both = ProtocolVersion.allCases

extension MalformedVector {
    static let headers: [MalformedVector] = [
        .init("type 0 is reserved", both, "00 00", .reservedPacketType, 0x81),
        .init("AUTH does not exist in 3.1.1", v3, "F0 00", .reservedPacketType, 0x81),
        .init("[MQTT-2.2.2-2] [MQTT-2.1.3-1] PINGREQ with flags", both, "C1 00", .invalidFixedHeaderFlags, 0x81),
        .init("[MQTT-3.6.1-1] PUBREL without 0010", both, "60 02 0001", .invalidFixedHeaderFlags, 0x81),
        .init("[MQTT-3.8.1-1] SUBSCRIBE without 0010", both, "80 06 0001 0001 61 00", .invalidFixedHeaderFlags, 0x81),
        .init("[MQTT-3.10.1-1] UNSUBSCRIBE without 0010", both, "A0 05 0001 0001 61", .invalidFixedHeaderFlags, 0x81),
        .init("[MQTT-3.14.1-1] DISCONNECT with flags", both, "E1 00", .invalidFixedHeaderFlags, 0x81),
        .init("[MQTT-3.15.1-1] AUTH with flags", v5, "F1 00", .invalidFixedHeaderFlags, 0x81),
        .init("[MQTT-1.5.5-1] five length bytes", both, "C0 80808080 01", .malformedVariableByteInteger, 0x81),
        .init("[MQTT-1.5.5-1] length not minimal", v5, "C0 8000", .malformedVariableByteInteger, 0x81),
        .init(
            "[MQTT-1.5.5-1] length of CONNECT not minimal", v5, "10 8E00 0004 4D515454 05 02 003C 00 0001 61",
            .malformedVariableByteInteger, 0x81),
    ]

    static let connects: [MalformedVector] = [
        .init("[MQTT-3.1.2-1] another protocol name", both, "10 0D 0004 4D515458 04 02 003C 0001 61",
            .protocolNameUnsupported, 0x84),
        .init("[MQTT-3.1.2-2] level 3", both, "10 0D 0004 4D515454 03 02 003C 0001 61", .protocolVersionUnsupported, 0x84),
        .init("[MQTT-3.1.2-2] level 6", both, "10 0D 0004 4D515454 06 02 003C 0001 61", .protocolVersionUnsupported, 0x84),
        .init("[MQTT-3.1.2-3] reserved flag", both, "10 0D 0004 4D515454 04 03 003C 0001 61", .connectReservedFlag, 0x81),
        .init("[MQTT-3.1.2-11] will QoS without will", both, "10 0D 0004 4D515454 04 0A 003C 0001 61",
            .willFlagsWithoutWill, 0x81),
        .init("[MQTT-3.1.2-15] will retain without will", both, "10 0D 0004 4D515454 04 22 003C 0001 61",
            .willFlagsWithoutWill, 0x81),
        .init("[MQTT-3.1.2-14] will QoS 3", both, "10 13 0004 4D515454 04 1E 003C 0001 61 0001 77 0001 6D",
            .willQoSInvalid, 0x81),
        .init("[MQTT-3.1.2-22] password without user name", both, "10 10 0004 4D515454 04 42 003C 0001 61 0001 70",
            .passwordWithoutUserName, 0x81),
        .init("[MQTT-3.1.2-9] will flag without will fields", both, "10 0D 0004 4D515454 04 06 003C 0001 61",
            .truncatedField, 0x81),
        .init("[MQTT-3.1.2-19] user name flag without field", both, "10 0D 0004 4D515454 04 82 003C 0001 61",
            .truncatedField, 0x81),
        .init("[MQTT-3.1.2-18] user name without flag", both, "10 10 0004 4D515454 04 02 003C 0001 61 0001 75",
            .trailingBytes, 0x81),
        .init("[MQTT-3.1.3-3] no client id", both, "10 0A 0004 4D515454 04 02 003C", .truncatedField, 0x81),
        .init("[MQTT-3.1.3-4] client id is a surrogate", both, "10 0F 0004 4D515454 04 02 003C 0003 EDA080",
            .illFormedUTF8, 0x81),
        .init("[MQTT-1.5.3-2] client id with U+0000", both, "10 0E 0004 4D515454 04 02 003C 0002 6100",
            .nullCharacter, 0x81),
        .init("[MQTT-3.1.3-10] will topic overlong UTF-8", both,
            "10 14 0004 4D515454 04 06 003C 0001 61 0002 C0AF 0001 6D", .illFormedUTF8, 0x81),
        .init("[MQTT-3.1.3-11] user name cut inside a character", both,
            "10 11 0004 4D515454 04 82 003C 0001 61 0002 E282", .illFormedUTF8, 0x81),
        .init("will delay outside the will", v5, "10 13 0004 4D515454 05 02 003C 05 18 00000001 0001 61",
            .propertyNotInPacket, 0x81),
        .init("receive maximum 0", v5, "10 11 0004 4D515454 05 02 003C 03 21 0000 0001 61", .invalidPropertyValue, 0x82),
        .init("maximum packet size 0", v5, "10 13 0004 4D515454 05 02 003C 05 27 00000000 0001 61",
            .invalidPropertyValue, 0x82),
        .init("request problem information 2", v5, "10 10 0004 4D515454 05 02 003C 02 17 02 0001 61",
            .invalidPropertyValue, 0x82),
        .init("duplicate property", v5, "10 14 0004 4D515454 05 02 003C 06 21 0001 21 0001 0001 61",
            .duplicateProperty, 0x82),
        .init("unknown property", v5, "10 10 0004 4D515454 05 02 003C 02 7F 02 0001 61", .unknownProperty, 0x81),
        .init("properties longer than the packet", v5, "10 0E 0004 4D515454 05 02 003C 20 0001 61",
            .propertyLengthMismatch, 0x81),
        .init("property beyond its list", v5, "10 10 0004 4D515454 05 02 003C 02 21 00 0001 61", .truncatedField, 0x81),
        .init("authentication data without method", v5, "10 12 0004 4D515454 05 02 003C 04 16 0001 01 0001 61",
            .authenticationDataWithoutMethod, 0x82),
    ]

    static let publishes: [MalformedVector] = [
        .init("[MQTT-3.3.1-4] QoS 3", both, "36 06 0001 61 0001 00", .invalidQoS, 0x81),
        .init("[MQTT-3.3.1-2] DUP at QoS 0", both, "38 04 0001 61 00", .dupWithQoS0, 0x81),
        .init("[MQTT-2.3.1-1] packet identifier 0", both, "32 06 0001 61 0000 00", .packetIDZero, 0x82),
        .init("[MQTT-3.3.2-2] + in the topic", both, "30 06 0003 612F2B 00", .topicNameWildcard, 0x90),
        .init("[MQTT-3.3.2-2] # in the topic", both, "30 0C 0009 616161616161612F23 00", .topicNameWildcard, 0x90),
        .init("[MQTT-4.7.3-1] empty topic", both, "30 03 0000 00", .topicNameEmpty, 0x82),
        .init("[MQTT-4.7.3-2] U+0000 in the topic", both, "30 0C 0009 616161610061612F62 00", .nullCharacter, 0x81),
        .init("[MQTT-1.5.4-1] surrogate in the topic", both, "30 06 0003 EDBFBF 00", .illFormedUTF8, 0x81),
        .init("topic longer than the frame", both, "30 04 0009 61 00", .truncatedField, 0x81),
        .init("no topic length", both, "30 01 00", .truncatedField, 0x81),
        .init("no packet identifier", both, "32 04 0001 61 00", .truncatedField, 0x81),
        .init("no property length", v5, "30 03 0001 61", .truncatedField, 0x81),
        .init("[MQTT-1.5.5-1] property length not minimal", v5, "30 05 0001 61 8000", .malformedVariableByteInteger, 0x81),
        .init("property length beyond the frame", v5, "30 04 0001 61 05", .propertyLengthMismatch, 0x81),
        .init("[MQTT-3.3.2-8] topic alias 0", v5, "30 07 0001 61 03 23 0000", .topicAliasZero, 0x94),
        .init("two message expiries", v5, "30 0E 0001 61 0A 02 00000001 02 00000001", .duplicateProperty, 0x82),
        .init("payload format 2", v5, "30 06 0001 61 02 01 02", .invalidPropertyValue, 0x82),
        .init("[MQTT-3.3.2-14] response topic with wildcard", v5, "30 08 0001 61 04 08 0001 23",
            .responseTopicInvalid, 0x82),
        .init("[MQTT-3.3.2-13] response topic not UTF-8", v5, "30 08 0001 61 04 08 0001 FF", .illFormedUTF8, 0x81),
        .init("[MQTT-3.3.2-19] content type not UTF-8", v5, "30 08 0001 61 04 03 0001 80", .illFormedUTF8, 0x81),
        .init("[MQTT-1.5.7-1] user property value with U+0000", v5, "30 0B 0001 61 07 26 0001 6B 0001 00",
            .nullCharacter, 0x81),
        .init("subscription identifier 0", v5, "30 06 0001 61 02 0B 00", .invalidPropertyValue, 0x82),
        .init("a property of CONNECT", v5, "30 07 0001 61 03 21 0001", .propertyNotInPacket, 0x81),
    ]

    static let others: [MalformedVector] = [
        .init("CONNACK reserved flags", both, "20 02 02 00", .connAckReservedFlags, 0x81),
        .init("[MQTT-3.2.2-4] [MQTT-3.2.2-6] session present with failure", v3, "20 02 01 05",
            .sessionPresentWithError, 0x82),
        .init("[MQTT-3.2.2-6] session present with failure", v5, "20 03 01 87 00", .sessionPresentWithError, 0x82),
        .init("return code 6", v3, "20 02 00 06", .undefinedReasonCode, 0x82),
        .init("[MQTT-3.2.2-8] CONNACK code of another packet", v5, "20 03 00 8E 00", .undefinedReasonCode, 0x82),
        .init("[MQTT-3.4.2-1] PUBACK code of another packet", v5, "40 03 0001 92", .undefinedReasonCode, 0x82),
        .init("[MQTT-3.6.2-1] PUBREL code of another packet", v5, "62 03 0001 97", .undefinedReasonCode, 0x82),
        .init("PUBACK of 3.1.1 with a code", v3, "40 03 0001 00", .trailingBytes, 0x81),
        .init("PUBACK for packet 0", both, "40 02 0000", .packetIDZero, 0x82),
        .init("PUBCOMP too short", both, "70 01 00", .truncatedField, 0x81),
        .init("[MQTT-2.3.1-1] SUBSCRIBE with packet identifier 0", v3, "82 06 0000 0001 61 00", .packetIDZero, 0x82),
        .init("[MQTT-3.8.3-3] SUBSCRIBE without filter", v3, "82 02 0001", .subscribeWithoutFilter, 0x82),
        .init("[MQTT-3.8.3-2] SUBSCRIBE without filter", v5, "82 03 0001 00", .subscribeWithoutFilter, 0x82),
        .init("[MQTT-3.8.3-4] SUBSCRIBE with QoS 3", v3, "82 06 0001 0001 61 03", .subscriptionOptionsReserved, 0x81),
        .init("[MQTT-3.8.3-4] SUBSCRIBE with options of version 5", v3, "82 06 0001 0001 61 04",
            .subscriptionOptionsReserved, 0x81),
        .init("[MQTT-3.8.3-5] SUBSCRIBE with reserved bits", v5, "82 07 0001 00 0001 61 40",
            .subscriptionOptionsReserved, 0x81),
        .init("[MQTT-3.8.3-5] SUBSCRIBE with retain handling 3", v5, "82 07 0001 00 0001 61 30",
            .subscriptionOptionsReserved, 0x81),
        .init("[MQTT-3.8.3-5] SUBSCRIBE with QoS 3", v5, "82 07 0001 00 0001 61 03", .subscriptionOptionsReserved, 0x81),
        .init("[MQTT-3.8.3-4] No Local on a shared subscription", v5,
            "82 10 0001 00 000A 2473686172652F672F61 04", .noLocalOnSharedSubscription, 0x82),
        .init("[MQTT-3.8.3-1] filter not UTF-8", v3, "82 06 0001 0001 FF 00", .illFormedUTF8, 0x81),
        .init("two subscription identifiers", v5, "82 0B 0001 04 0B 01 0B 02 0001 61 00", .duplicateProperty, 0x82),
        .init("[MQTT-3.9.3-2] SUBACK code of version 5", v3, "90 03 0001 8F", .undefinedReasonCode, 0x82),
        .init("[MQTT-3.9.3-2] SUBACK undefined code", both, "90 04 0001 00 03", .undefinedReasonCode, 0x82),
        .init("[MQTT-3.10.3-2] UNSUBSCRIBE without filter", v3, "A2 02 0001", .unsubscribeWithoutFilter, 0x82),
        .init("[MQTT-3.10.3-2] UNSUBSCRIBE without filter", v5, "A2 03 0001 00", .unsubscribeWithoutFilter, 0x82),
        .init("[MQTT-3.10.3-1] UNSUBSCRIBE filter with U+0000", v3, "A2 05 0001 0001 00", .nullCharacter, 0x81),
        .init("[MQTT-3.11.3-2] UNSUBACK undefined code", v5, "B0 04 0001 00 10", .undefinedReasonCode, 0x82),
        .init("UNSUBACK of 3.1.1 with a code", v3, "B0 03 0001 00", .trailingBytes, 0x81),
        .init("PINGREQ with a body", both, "C0 01 00", .trailingBytes, 0x81),
        .init("DISCONNECT of 3.1.1 with a body", v3, "E0 01 00", .trailingBytes, 0x81),
        .init("[MQTT-3.14.2-1] DISCONNECT code of another packet", v5, "E0 01 91", .undefinedReasonCode, 0x82),
        .init("DISCONNECT with receive maximum", v5, "E0 05 00 03 21 0001", .propertyNotInPacket, 0x81),
        .init("[MQTT-3.15.2-1] AUTH code of another packet", v5, "F0 01 80", .undefinedReasonCode, 0x82),
    ]
}

@Suite("Frames that are refused")
struct MalformedVectorTests {
    @Test(
        "is refused by name and reason code",
        arguments: MalformedVector.headers + MalformedVector.connects + MalformedVector.publishes
            + MalformedVector.others)
    func refused(_ vector: MalformedVector) {
        for version in vector.versions {
            let error = fault(vector.bytes, version)
            // In version 3.1.1 some of the PUBLISH frames end before version 5's property length would.
            #expect(error?.fault == vector.fault, "\(version)")
            #expect(error?.reasonCode == vector.reasonCode, "\(version)")
            if let error { #expect(error.place <= vector.bytes.count) }
        }
    }

    @Test("A fault says its code, place and statement")
    func explains() {
        let error = fault(hex("36 06 0001 61 0001 00"), .v5)
        #expect(error?.description == "invalidQoS (offset: 0, value: 6, statement: MQTT-3.3.1-4)")
        #expect(fault(hex("C1 00"), .v3_1_1)?.statement(in: .v3_1_1) == "MQTT-2.2.2-2")
        #expect(fault(hex("C1 00"), .v5)?.statement(in: .v5) == "MQTT-2.1.3-1")
        #expect(fault(hex("82 07 0001 00 0001 61 40"), .v5)?.place == 8)
        #expect(MemoryLayout<MalformedPacket>.size == 8)
    }

    @Test("The level of an unsupported CONNECT is told, and the version of a bad one can be peeked")
    func levels() throws {
        #expect(fault(hex("10 0D 0004 4D515454 06 02 003C 0001 61"), .v5)?.value == 6)
        let bad = hex("0004 4D515454 05 03 003C 00 0001 61")
        #expect(bad.withUnsafeBytes { Connect.peekVersion(body: $0) } == .v5)
        #expect(hex("0004 4D515454 07").withUnsafeBytes { Connect.peekVersion(body: $0) } == nil)
    }

    @Test("Filters and properties over the limit are refused with 0x97")
    func limits() {
        let subscribe = hex("82 0A 0001 0001 61 00 0001 62 00")
        #expect(fault(subscribe, .v3_1_1, limits: DecodingLimits(maximumFilters: 2)) == nil)
        let filters = fault(subscribe, .v3_1_1, limits: DecodingLimits(maximumFilters: 1))
        #expect(filters?.fault == .tooManyFilters)
        #expect(filters?.reasonCode == .quotaExceeded)
        let unsubscribe = hex("A2 08 0001 0001 61 0001 62")
        #expect(fault(unsubscribe, .v3_1_1, limits: DecodingLimits(maximumFilters: 1))?.fault == .tooManyFilters)
        let publish = hex("30 12 0001 61 0E 26 0001 6B 0001 76 26 0001 6B 0001 76")
        #expect(fault(publish, .v5, limits: DecodingLimits(maximumProperties: 2)) == nil)
        #expect(fault(publish, .v5, limits: DecodingLimits(maximumProperties: 1))?.fault == .tooManyProperties)
    }
}
