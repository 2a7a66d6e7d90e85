/// Typed access to each property. Setting nil removes it; a property of the wrong packet is found when it is decoded.
extension Properties {

    /// Payload Format Indicator: 1 means UTF-8.
    package var payloadIsUTF8: Bool? {
        get { flag(.payloadFormatIndicator) }
        set { setFlag(.payloadFormatIndicator, newValue) }
    }

    package var messageExpiryIntervalSeconds: UInt32? {
        get {
            guard case .fourByteInteger(let value)? = first(.messageExpiryInterval) else { return nil }
            return value
        }
        set { set(.messageExpiryInterval, newValue.map { .fourByteInteger($0) }) }
    }

    package var contentType: MQTTString? {
        get {
            guard case .string(let value)? = first(.contentType) else { return nil }
            return value
        }
        set { set(.contentType, newValue.map { .string($0) }) }
    }

    package var responseTopic: MQTTString? {
        get {
            guard case .string(let value)? = first(.responseTopic) else { return nil }
            return value
        }
        set { set(.responseTopic, newValue.map { .string($0) }) }
    }

    package var correlationData: [UInt8]? {
        get {
            guard case .binary(let value)? = first(.correlationData) else { return nil }
            return value
        }
        set { set(.correlationData, newValue.map { .binary($0) }) }
    }

    /// 0xFFFFFFFF means never.
    package var sessionExpiryIntervalSeconds: UInt32? {
        get {
            guard case .fourByteInteger(let value)? = first(.sessionExpiryInterval) else { return nil }
            return value
        }
        set { set(.sessionExpiryInterval, newValue.map { .fourByteInteger($0) }) }
    }

    package var assignedClientIdentifier: MQTTString? {
        get {
            guard case .string(let value)? = first(.assignedClientIdentifier) else { return nil }
            return value
        }
        set { set(.assignedClientIdentifier, newValue.map { .string($0) }) }
    }

    package var serverKeepAliveSeconds: UInt16? {
        get {
            guard case .twoByteInteger(let value)? = first(.serverKeepAlive) else { return nil }
            return value
        }
        set { set(.serverKeepAlive, newValue.map { .twoByteInteger($0) }) }
    }

    package var authenticationMethod: MQTTString? {
        get {
            guard case .string(let value)? = first(.authenticationMethod) else { return nil }
            return value
        }
        set { set(.authenticationMethod, newValue.map { .string($0) }) }
    }

    package var authenticationData: [UInt8]? {
        get {
            guard case .binary(let value)? = first(.authenticationData) else { return nil }
            return value
        }
        set { set(.authenticationData, newValue.map { .binary($0) }) }
    }

    /// Absent means true.
    package var requestProblemInformation: Bool? {
        get { flag(.requestProblemInformation) }
        set { setFlag(.requestProblemInformation, newValue) }
    }

    package var willDelayIntervalSeconds: UInt32? {
        get {
            guard case .fourByteInteger(let value)? = first(.willDelayInterval) else { return nil }
            return value
        }
        set { set(.willDelayInterval, newValue.map { .fourByteInteger($0) }) }
    }

    /// Absent means false.
    package var requestResponseInformation: Bool? {
        get { flag(.requestResponseInformation) }
        set { setFlag(.requestResponseInformation, newValue) }
    }

    package var responseInformation: MQTTString? {
        get {
            guard case .string(let value)? = first(.responseInformation) else { return nil }
            return value
        }
        set { set(.responseInformation, newValue.map { .string($0) }) }
    }

    package var serverReference: MQTTString? {
        get {
            guard case .string(let value)? = first(.serverReference) else { return nil }
            return value
        }
        set { set(.serverReference, newValue.map { .string($0) }) }
    }

    package var reasonString: MQTTString? {
        get {
            guard case .string(let value)? = first(.reasonString) else { return nil }
            return value
        }
        set { set(.reasonString, newValue.map { .string($0) }) }
    }

    /// Absent means 65,535; never 0.
    package var receiveMaximum: UInt16? {
        get {
            guard case .twoByteInteger(let value)? = first(.receiveMaximum) else { return nil }
            return value
        }
        set { set(.receiveMaximum, newValue.map { .twoByteInteger($0) }) }
    }

    /// Absent means 0.
    package var topicAliasMaximum: UInt16? {
        get {
            guard case .twoByteInteger(let value)? = first(.topicAliasMaximum) else { return nil }
            return value
        }
        set { set(.topicAliasMaximum, newValue.map { .twoByteInteger($0) }) }
    }

    package var topicAlias: UInt16? {
        get {
            guard case .twoByteInteger(let value)? = first(.topicAlias) else { return nil }
            return value
        }
        set { set(.topicAlias, newValue.map { .twoByteInteger($0) }) }
    }

    /// Absent means true.
    package var retainAvailable: Bool? {
        get { flag(.retainAvailable) }
        set { setFlag(.retainAvailable, newValue) }
    }

    package var maximumPacketSizeBytes: UInt32? {
        get {
            guard case .fourByteInteger(let value)? = first(.maximumPacketSize) else { return nil }
            return value
        }
        set { set(.maximumPacketSize, newValue.map { .fourByteInteger($0) }) }
    }

    /// Absent means true.
    package var wildcardSubscriptionAvailable: Bool? {
        get { flag(.wildcardSubscriptionAvailable) }
        set { setFlag(.wildcardSubscriptionAvailable, newValue) }
    }

    /// Absent means true.
    package var subscriptionIdentifiersAvailable: Bool? {
        get { flag(.subscriptionIdentifiersAvailable) }
        set { setFlag(.subscriptionIdentifiersAvailable, newValue) }
    }

    /// Absent means true.
    package var sharedSubscriptionAvailable: Bool? {
        get { flag(.sharedSubscriptionAvailable) }
        set { setFlag(.sharedSubscriptionAvailable, newValue) }
    }

    /// The server's Maximum QoS, absent when it is 2.
    package var maximumQoS: QoS? {
        get {
            guard case .byte(let value)? = first(.maximumQoS) else { return nil }
            return QoS(rawValue: value)
        }
        set { set(.maximumQoS, newValue.flatMap { $0 == .exactlyOnce ? nil : .byte($0.rawValue) }) }
    }

    /// The identifier of a SUBSCRIBE, 1 to 268,435,455.
    package var subscriptionIdentifier: Int? {
        get { subscriptionIdentifiers.first }
        set { set(.subscriptionIdentifier, newValue.map { .variableByteInteger($0) }) }
    }

    /// The identifiers of a PUBLISH, one for each matching subscription [MQTT-3.3.4-4].
    package var subscriptionIdentifiers: [Int] {
        elements.compactMap { element in
            guard case .variableByteInteger(let value) = element.value else { return nil }
            return value
        }
    }

    package mutating func appendSubscriptionIdentifier(_ value: Int) {
        append(.subscriptionIdentifier, .variableByteInteger(value))
    }

    package var userProperties: [UserProperty] {
        elements.compactMap { element in
            guard case .stringPair(let name, let value) = element.value else { return nil }
            return UserProperty(name, value)
        }
    }

    /// The user properties in encoded properties of a PUBLISH without their length; none where the bytes are no
    /// properties.
    package static func userProperties(in bytes: UnsafeRawBufferPointer) -> [UserProperty] {
        var reader = PacketReader(bytes)
        return (try? decodeAll(&reader, in: .publish, limits: .unlimited))?.userProperties ?? []
    }

    package mutating func appendUserProperty(_ name: MQTTString, _ value: MQTTString) {
        append(.userProperty, .stringPair(name, value))
    }

    private func flag(_ identifier: PropertyIdentifier) -> Bool? {
        guard case .byte(let value)? = first(identifier) else { return nil }
        return value != 0
    }

    private mutating func setFlag(_ identifier: PropertyIdentifier, _ value: Bool?) {
        set(identifier, value.map { .byte($0 ? 1 : 0) })
    }
}
