/// The property lists of MQTT 5.0: one per packet type, and the will's inside CONNECT.
struct PropertyPlace: OptionSet {
    let rawValue: UInt16

    static let will = PropertyPlace(rawValue: 1)
    static let connect = PropertyPlace(.connect)
    static let connAck = PropertyPlace(.connAck)
    static let publish = PropertyPlace(.publish)
    static let pubAck = PropertyPlace(.pubAck)
    static let pubRec = PropertyPlace(.pubRec)
    static let pubRel = PropertyPlace(.pubRel)
    static let pubComp = PropertyPlace(.pubComp)
    static let subscribe = PropertyPlace(.subscribe)
    static let subAck = PropertyPlace(.subAck)
    static let unsubscribe = PropertyPlace(.unsubscribe)
    static let unsubAck = PropertyPlace(.unsubAck)
    static let disconnect = PropertyPlace(.disconnect)
    static let auth = PropertyPlace(.auth)
    static let all = PropertyPlace(rawValue: .max)

    init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ type: PacketType) { rawValue = 1 << UInt16(type.rawValue) }
}
