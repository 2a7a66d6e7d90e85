package import NIOCore

/// SUBACK (MQTT 3.1.1 and 5.0, section 3.9): one code for each filter, in order [MQTT-3.9.3-1].
package struct SubAck: Hashable, Sendable {
    package var packetID: UInt16
    package var reasonCodes: [ReasonCode]
    package var properties: Properties

    package init(packetID: UInt16, reasonCodes: [ReasonCode], properties: Properties = .none) {
        self.packetID = packetID
        self.reasonCodes = reasonCodes
        self.properties = properties
    }

    /// Reads the body.
    /// - Throws: packet identifier 0; an undefined code [MQTT-3.9.3-2], which in 3.1.1 is any but 0, 1, 2 and 0x80;
    ///   faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> SubAck {
        var reader = PacketReader(body)
        var packet = SubAck(packetID: try reader.packetID(), reasonCodes: [])
        if version == .v5 { packet.properties = try Properties.decode(&reader, in: .subAck, limits: limits) }
        guard !reader.isAtEnd else { throw MalformedPacket(.truncatedField, at: reader.position) }
        while !reader.isAtEnd {
            let code = try reader.reasonCode(in: .subAck)
            guard version == .v5 || code.rawValue <= 2 || code == .unspecifiedError else {
                throw MalformedPacket(.undefinedReasonCode, at: reader.position - 1, value: code.rawValue)
            }
            packet.reasonCodes.append(code)
        }
        return packet
    }

    /// Appends the frame. In version 3.1.1 every failure is 0x80.
    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        try buffer.writeFrame(.subAck) { (buffer) throws(PacketEncodingError) in
            try buffer.writePacketID(packetID)
            if version == .v5 { try properties.encode(into: &buffer) }
            for code in reasonCodes {
                buffer.writeInteger(version == .v3_1_1 && code.isError ? 0x80 : code.rawValue)
            }
        }
    }
}
