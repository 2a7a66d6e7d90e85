/// One MQTT 5 property as bytes (section 2.2.2.2). Any identifier can carry any bytes: tests need wrong ones too.
struct Property: Equatable {
    let id: UInt8
    let value: [UInt8]

    init(_ id: UInt8, _ value: [UInt8]) {
        self.id = id
        self.value = value
    }

    var bytes: [UInt8] { [id] + value }

    static func payloadFormat(_ value: UInt8) -> Self { Self(0x01, [value]) }
    static func messageExpiry(_ seconds: UInt32) -> Self { Self(0x02, seconds.bigEndianBytes) }
    static func contentType(_ text: String) -> Self { Self(0x03, field(text)) }
    static func responseTopic(_ text: String) -> Self { Self(0x08, field(text)) }
    static func correlationData(_ bytes: [UInt8]) -> Self { Self(0x09, field(bytes)) }
    static func subscriptionID(_ value: Int) -> Self { Self(0x0B, variableByteInteger(value)) }
    static func sessionExpiry(_ seconds: UInt32) -> Self { Self(0x11, seconds.bigEndianBytes) }
    static func assignedClientID(_ text: String) -> Self { Self(0x12, field(text)) }
    static func serverKeepAlive(_ seconds: UInt16) -> Self { Self(0x13, seconds.bigEndianBytes) }
    static func authenticationMethod(_ text: String) -> Self { Self(0x15, field(text)) }
    static func authenticationData(_ bytes: [UInt8]) -> Self { Self(0x16, field(bytes)) }
    static func requestProblemInformation(_ value: UInt8) -> Self { Self(0x17, [value]) }
    static func willDelay(_ seconds: UInt32) -> Self { Self(0x18, seconds.bigEndianBytes) }
    static func requestResponseInformation(_ value: UInt8) -> Self { Self(0x19, [value]) }
    static func responseInformation(_ text: String) -> Self { Self(0x1A, field(text)) }
    static func reasonString(_ text: String) -> Self { Self(0x1F, field(text)) }
    static func receiveMaximum(_ value: UInt16) -> Self { Self(0x21, value.bigEndianBytes) }
    static func topicAliasMaximum(_ value: UInt16) -> Self { Self(0x22, value.bigEndianBytes) }
    static func topicAlias(_ value: UInt16) -> Self { Self(0x23, value.bigEndianBytes) }
    static func maximumQoS(_ value: UInt8) -> Self { Self(0x24, [value]) }
    static func retainAvailable(_ value: UInt8) -> Self { Self(0x25, [value]) }
    static func user(_ name: String, _ value: String) -> Self { Self(0x26, field(name) + field(value)) }
    static func maximumPacketSize(_ value: UInt32) -> Self { Self(0x27, value.bigEndianBytes) }
    static func wildcardSubscriptionAvailable(_ value: UInt8) -> Self { Self(0x28, [value]) }
    static func subscriptionIDsAvailable(_ value: UInt8) -> Self { Self(0x29, [value]) }
    static func sharedSubscriptionAvailable(_ value: UInt8) -> Self { Self(0x2A, [value]) }
}

extension Property {
    static let reasonStringID: UInt8 = 0x1F
    static let userID: UInt8 = 0x26

    /// Property Length and the properties.
    static func block(_ properties: [Property]) -> [UInt8] {
        let bytes = properties.flatMap(\.bytes)
        return variableByteInteger(bytes.count) + bytes
    }

    /// Takes the property that `bytes` begin with; nil when there is none whose length is known.
    static func read(_ bytes: inout ArraySlice<UInt8>) -> Property? {
        guard let id = bytes.first, let length = valueLength(id, bytes.dropFirst()), length < bytes.count else { return nil }
        let value = bytes.dropFirst().prefix(length)
        bytes = bytes.dropFirst(1 + length)
        return Property(id, Array(value))
    }

    private static func valueLength(_ id: UInt8, _ value: ArraySlice<UInt8>) -> Int? {
        switch id {
        case 0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A: 1
        case 0x13, 0x21, 0x22, 0x23: 2
        case 0x02, 0x11, 0x18, 0x27: 4
        case 0x0B: value.prefix { $0 >= 0x80 }.count + 1
        case 0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F: fieldLength(value)
        case userID: fieldLength(value).flatMap { name in fieldLength(value.dropFirst(name)).map { name + $0 } }
        default: nil
        }
    }

    private static func fieldLength(_ value: ArraySlice<UInt8>) -> Int? {
        let size = Array(value.prefix(2))
        return size.count == 2 ? 2 + Int(size[0]) << 8 + Int(size[1]) : nil
    }
}
