/// The control packet type, bits 7 to 4 of a frame's first byte (MQTT 5.0 section 2.1.2).
@frozen public enum PacketType: UInt8, Sendable, CaseIterable {
    case connect = 1
    case connAck = 2
    case publish = 3
    case pubAck = 4
    case pubRec = 5
    case pubRel = 6
    case pubComp = 7
    case subscribe = 8
    case subAck = 9
    case unsubscribe = 10
    case unsubAck = 11
    case pingReq = 12
    case pingResp = 13
    case disconnect = 14
    /// MQTT 5 only.
    case auth = 15

    /// The flag bits that every packet of this type carries [MQTT-2.2.2-1] [MQTT-2.1.3-1]. PUBLISH chooses its own.
    @inlinable public var reservedFlags: UInt8 {
        let carriesTwo: UInt16 = 1 << 6 | 1 << 8 | 1 << 10
        return UInt8(truncatingIfNeeded: (carriesTwo >> UInt16(rawValue)) & 1) << 1
    }

    /// The first byte of a frame of this type that is not a PUBLISH.
    @inlinable public var firstByte: UInt8 { rawValue << 4 | reservedFlags }
}
