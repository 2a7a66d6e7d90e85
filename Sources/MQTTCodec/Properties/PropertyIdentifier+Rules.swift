extension PropertyIdentifier {
    /// How the value is encoded (MQTT 5.0 section 2.2.2.2).
    enum Encoding {
        case byte, twoByteInteger, fourByteInteger, variableByteInteger, string, binary, stringPair
    }

    var encoding: Encoding {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifiersAvailable,
            .sharedSubscriptionAvailable:
            .byte
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .twoByteInteger
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize: .fourByteInteger
        case .subscriptionIdentifier: .variableByteInteger
        case .contentType, .responseTopic, .assignedClientIdentifier, .authenticationMethod, .responseInformation,
            .serverReference, .reasonString:
            .string
        case .correlationData, .authenticationData: .binary
        case .userProperty: .stringPair
        }
    }

    /// The lists that may contain the property.
    var places: PropertyPlace {
        switch self {
        case .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic, .correlationData:
            [.publish, .will]
        case .subscriptionIdentifier: [.publish, .subscribe]
        case .sessionExpiryInterval: [.connect, .connAck, .disconnect]
        case .authenticationMethod, .authenticationData: [.connect, .connAck, .auth]
        case .requestProblemInformation, .requestResponseInformation: [.connect]
        case .willDelayInterval: [.will]
        case .serverReference: [.connAck, .disconnect]
        case .reasonString:
            [.connAck, .pubAck, .pubRec, .pubRel, .pubComp, .subAck, .unsubAck, .disconnect, .auth]
        case .receiveMaximum, .topicAliasMaximum, .maximumPacketSize: [.connect, .connAck]
        case .topicAlias: [.publish]
        case .userProperty: .all
        case .assignedClientIdentifier, .serverKeepAlive, .responseInformation, .maximumQoS, .retainAvailable,
            .wildcardSubscriptionAvailable, .subscriptionIdentifiersAvailable, .sharedSubscriptionAvailable:
            [.connAck]
        }
    }

    /// Whether a list may contain the property more than once: user properties anywhere, and in a PUBLISH one
    /// subscription identifier for each matching subscription [MQTT-3.3.4-4].
    func mayRepeat(in place: PropertyPlace) -> Bool {
        self == .userProperty || (self == .subscriptionIdentifier && place == .publish)
    }

    /// The fault of a value that the property must not have.
    func fault(of value: PropertyValue) -> MalformedPacket.Fault? {
        switch (self, value) {
        case (_, .byte(let byte)): byte > 1 ? .invalidPropertyValue : nil
        case (.topicAlias, .twoByteInteger(0)): .topicAliasZero
        case (.receiveMaximum, .twoByteInteger(0)), (.maximumPacketSize, .fourByteInteger(0)),
            (.subscriptionIdentifier, .variableByteInteger(0)):
            .invalidPropertyValue
        case (.responseTopic, .string(let topic)):
            topic.isEmpty || topic.bytes.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
                ? .responseTopicInvalid : nil
        default: nil
        }
    }
}
