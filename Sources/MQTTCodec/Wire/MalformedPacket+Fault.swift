extension MalformedPacket {
    /// What can be wrong with the bytes of a packet. The raw values are stable names.
    @frozen public enum Fault: String, Sendable, CaseIterable {
        case incomplete, trailingBytes, truncatedField, packetTooLarge
        case reservedPacketType, invalidFixedHeaderFlags, malformedVariableByteInteger
        case illFormedUTF8, nullCharacter
        case packetIDZero, undefinedReasonCode
        case invalidQoS, dupWithQoS0
        case topicNameEmpty, topicNameTooLong, topicNameWildcard
        case topicFilterEmpty, topicFilterTooLong, multiLevelWildcardMisplaced, singleLevelWildcardMisplaced
        case shareNameEmpty, shareNameInvalid
        case unknownProperty, propertyNotInPacket, duplicateProperty, invalidPropertyValue, propertyLengthMismatch
        case topicAliasZero, responseTopicInvalid, subscriptionIdentifierFromClient, authenticationDataWithoutMethod
        case protocolNameUnsupported, protocolVersionUnsupported
        case connectReservedFlag, willFlagsWithoutWill, willQoSInvalid, passwordWithoutUserName
        case connAckReservedFlags, sessionPresentWithError
        case subscriptionOptionsReserved, noLocalOnSharedSubscription
        case subscribeWithoutFilter, unsubscribeWithoutFilter
        case tooManyFilters, tooManyProperties

        /// The version 5 reason code that answers the fault.
        public var reasonCode: ReasonCode {
            switch self {
            case .packetTooLarge: .packetTooLarge
            case .packetIDZero, .undefinedReasonCode, .topicNameEmpty, .duplicateProperty, .invalidPropertyValue,
                .responseTopicInvalid, .subscriptionIdentifierFromClient, .authenticationDataWithoutMethod,
                .sessionPresentWithError, .noLocalOnSharedSubscription, .subscribeWithoutFilter,
                .unsubscribeWithoutFilter:
                .protocolError
            case .topicNameTooLong, .topicNameWildcard: .topicNameInvalid
            case .topicFilterEmpty, .topicFilterTooLong, .multiLevelWildcardMisplaced, .singleLevelWildcardMisplaced,
                .shareNameEmpty, .shareNameInvalid:
                .topicFilterInvalid
            case .topicAliasZero: .topicAliasInvalid
            case .protocolNameUnsupported, .protocolVersionUnsupported: .unsupportedProtocolVersion
            case .tooManyFilters, .tooManyProperties: .quotaExceeded
            default: .malformedPacket
            }
        }

        /// The statements that the fault breaks in each version.
        var statements: (v3: String?, v5: String?) {
            switch self {
            case .incomplete, .trailingBytes, .truncatedField, .reservedPacketType, .unknownProperty,
                .propertyNotInPacket, .duplicateProperty, .invalidPropertyValue, .propertyLengthMismatch,
                .authenticationDataWithoutMethod, .undefinedReasonCode, .tooManyFilters, .tooManyProperties:
                (nil, nil)
            case .packetTooLarge: (nil, "MQTT-3.2.2-15")
            case .invalidFixedHeaderFlags: ("MQTT-2.2.2-2", "MQTT-2.1.3-1")
            case .malformedVariableByteInteger: (nil, "MQTT-1.5.5-1")
            case .illFormedUTF8: ("MQTT-1.5.3-1", "MQTT-1.5.4-1")
            case .nullCharacter: ("MQTT-1.5.3-2", "MQTT-1.5.4-2")
            case .packetIDZero: ("MQTT-2.3.1-1", "MQTT-2.2.1-3")
            case .invalidQoS: ("MQTT-3.3.1-4", "MQTT-3.3.1-4")
            case .dupWithQoS0: ("MQTT-3.3.1-2", "MQTT-3.3.1-2")
            case .topicNameEmpty, .topicFilterEmpty: ("MQTT-4.7.3-1", "MQTT-4.7.3-1")
            case .topicNameTooLong, .topicFilterTooLong: ("MQTT-4.7.3-3", "MQTT-4.7.3-3")
            case .topicNameWildcard: ("MQTT-3.3.2-2", "MQTT-3.3.2-2")
            case .multiLevelWildcardMisplaced: ("MQTT-4.7.1-2", "MQTT-4.7.1-1")
            case .singleLevelWildcardMisplaced: ("MQTT-4.7.1-3", "MQTT-4.7.1-2")
            case .shareNameEmpty: (nil, "MQTT-4.8.2-1")
            case .shareNameInvalid: (nil, "MQTT-4.8.2-2")
            case .topicAliasZero: (nil, "MQTT-3.3.2-8")
            case .responseTopicInvalid: (nil, "MQTT-3.3.2-14")
            case .subscriptionIdentifierFromClient: (nil, "MQTT-3.3.4-6")
            case .protocolNameUnsupported: ("MQTT-3.1.2-1", "MQTT-3.1.2-1")
            case .protocolVersionUnsupported: ("MQTT-3.1.2-2", "MQTT-3.1.2-2")
            case .connectReservedFlag: ("MQTT-3.1.2-3", "MQTT-3.1.2-3")
            case .willFlagsWithoutWill: ("MQTT-3.1.2-11", "MQTT-3.1.2-11")
            case .willQoSInvalid: ("MQTT-3.1.2-14", "MQTT-3.1.2-12")
            case .passwordWithoutUserName: ("MQTT-3.1.2-22", nil)
            case .connAckReservedFlags: (nil, "MQTT-3.2.2-1")
            case .sessionPresentWithError: ("MQTT-3.2.2-4", "MQTT-3.2.2-6")
            case .subscriptionOptionsReserved: ("MQTT-3.8.3-4", "MQTT-3.8.3-5")
            case .noLocalOnSharedSubscription: (nil, "MQTT-3.8.3-4")
            case .subscribeWithoutFilter: ("MQTT-3.8.3-3", "MQTT-3.8.3-2")
            case .unsubscribeWithoutFilter: ("MQTT-3.10.3-2", "MQTT-3.10.3-2")
            }
        }
    }
}
