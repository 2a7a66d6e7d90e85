package import MartletBase

/// Why a packet cannot be written. Nothing of it is in the buffer then.
package enum PacketEncodingError: Error, Reason, Hashable {
    /// A string or binary field is longer than its 16-bit length can say.
    case fieldTooLong(bytes: Int)
    /// The packet is longer than its Remaining Length can say.
    case packetTooLarge(bytes: Int)
    /// A string field is not UTF-8 or contains U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2].
    case invalidString
    /// [MQTT-2.2.1-4]
    case packetIDZero
    /// SUBSCRIBE or UNSUBSCRIBE without a filter [MQTT-3.8.3-2] [MQTT-3.10.3-2].
    case noTopicFilter
    /// Version 3.1.1 has no return code for this; the connection is closed without CONNACK [MQTT-3.2.2-6].
    case noReturnCode(ReasonCode)
    /// The packet or field does not exist in version 3.1.1.
    case notInVersion3(PacketType)

    package var code: String {
        switch self {
        case .fieldTooLong: "fieldTooLong"
        case .packetTooLarge: "packetTooLarge"
        case .invalidString: "invalidString"
        case .packetIDZero: "packetIDZero"
        case .noTopicFilter: "noTopicFilter"
        case .noReturnCode: "noReturnCode"
        case .notInVersion3: "notInVersion3"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .fieldTooLong(let bytes), .packetTooLarge(let bytes): [Evidence("bytes", bytes)]
        case .noReturnCode(let reasonCode): [Evidence("reasonCode", reasonCode.rawValue)]
        case .notInVersion3(let type): [Evidence("packet", "\(type)")]
        case .invalidString, .packetIDZero, .noTopicFilter: []
        }
    }
}
