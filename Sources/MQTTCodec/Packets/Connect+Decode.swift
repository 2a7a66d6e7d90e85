internal import NIOCore

extension Connect {
    /// Reads the body of a CONNECT.
    /// - Throws: `protocolNameUnsupported` [MQTT-3.1.2-1]; `protocolVersionUnsupported` [MQTT-3.1.2-2], whose `value`
    ///   is the level; flags that contradict each other [MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-14] [MQTT-3.1.2-22];
    ///   fields that are missing, left over or not UTF-8; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Connect {
        var reader = PacketReader(body)
        let version = try protocolVersion(&reader)
        let flagsPlace = reader.position
        let flags = Flags(rawValue: try reader.uint8())
        let willQoS = try check(flags, version, at: flagsPlace)
        let keepAlive = try reader.uint16()
        let properties =
            version == .v5 ? try Properties.decode(&reader, in: .connect, limits: limits) : Properties.none
        var packet = Connect(
            version: version, clientID: try reader.string(), cleanStart: flags.contains(.cleanStart),
            keepAliveSeconds: keepAlive, properties: properties)
        if flags.contains(.will) {
            let willProperties =
                version == .v5 ? try Properties.decode(&reader, in: .will, limits: limits) : Properties.none
            packet.will = Will(
                topic: try reader.string(), payload: ByteBuffer(bytes: try reader.binary()), qos: willQoS,
                retain: flags.contains(.willRetain), properties: willProperties)
        }
        if flags.contains(.userName) { packet.userName = try reader.string() }
        if flags.contains(.password) { packet.password = Array(try reader.binary()) }
        try reader.finish()
        return packet
    }

    /// The version that a body asks for, if it is one of ours. For answering a CONNECT that does not decode: version 5
    /// gets a CONNACK, 3.1.1 none [MQTT-3.1.4-1].
    package static func peekVersion(body: UnsafeRawBufferPointer) -> ProtocolVersion? {
        var reader = PacketReader(body)
        return try? protocolVersion(&reader)
    }

    private static func protocolVersion(_ reader: inout PacketReader) throws(MalformedPacket) -> ProtocolVersion {
        guard try reader.binary().elementsEqual(protocolName) else {
            throw MalformedPacket(.protocolNameUnsupported, at: 0)
        }
        let level = try reader.uint8()
        guard let version = ProtocolVersion(rawValue: level) else {
            throw MalformedPacket(.protocolVersionUnsupported, at: reader.position - 1, value: level)
        }
        return version
    }

    private static func check(
        _ flags: Flags, _ version: ProtocolVersion, at place: Int
    ) throws(MalformedPacket) -> QoS {
        let value = flags.rawValue
        guard !flags.contains(.reserved) else { throw MalformedPacket(.connectReservedFlag, at: place, value: value) }
        guard flags.contains(.will) || flags.isDisjoint(with: [.willQoS, .willRetain]) else {
            throw MalformedPacket(.willFlagsWithoutWill, at: place, value: value)
        }
        guard let qos = QoS(rawValue: (value >> 3) & 3) else {
            throw MalformedPacket(.willQoSInvalid, at: place, value: value)
        }
        guard version == .v5 || flags.contains(.userName) || !flags.contains(.password) else {
            throw MalformedPacket(.passwordWithoutUserName, at: place, value: value)
        }
        return qos
    }

    /// The Connect Flags byte.
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let reserved = Flags(rawValue: 0x01)
        static let cleanStart = Flags(rawValue: 0x02)
        static let will = Flags(rawValue: 0x04)
        static let willQoS = Flags(rawValue: 0x18)
        static let willRetain = Flags(rawValue: 0x20)
        static let password = Flags(rawValue: 0x40)
        static let userName = Flags(rawValue: 0x80)
    }
}
