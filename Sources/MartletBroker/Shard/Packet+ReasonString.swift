import MQTTCodec

extension Packet {
    /// The packet without its reason string; nil when it has none.
    var withoutReasonString: Packet? {
        switch self {
        case .connAck(var packet) where packet.properties.reasonString != nil:
            packet.properties.reasonString = nil
            return .connAck(packet)
        case .pubAck(var packet) where packet.properties.reasonString != nil:
            packet.properties.reasonString = nil
            return .pubAck(packet)
        case .pubRec(var packet) where packet.properties.reasonString != nil:
            packet.properties.reasonString = nil
            return .pubRec(packet)
        case .subAck(var packet) where packet.properties.reasonString != nil:
            packet.properties.reasonString = nil
            return .subAck(packet)
        case .disconnect(var packet) where packet.properties.reasonString != nil:
            packet.properties.reasonString = nil
            return .disconnect(packet)
        default: return nil
        }
    }
}
