package import NIOCore

/// UNSUBACK (MQTT 3.1.1 and 5.0, section 3.11). Version 3.1.1 carries no codes; version 5 one for each filter, in order
/// [MQTT-3.11.3-1].
package struct UnsubAck: Hashable, Sendable {
    package var packetID: UInt16
    package var reasonCodes: [ReasonCode]
    package var properties: Properties

    package init(packetID: UInt16, reasonCodes: [ReasonCode] = [], properties: Properties = .none) {
        self.packetID = packetID
        self.reasonCodes = reasonCodes
        self.properties = properties
    }

    /// Reads the body.
    /// - Throws: packet identifier 0; an undefined code [MQTT-3.11.3-2]; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> UnsubAck {
        var reader = PacketReader(body)
        var packet = UnsubAck(packetID: try reader.packetID())
        if version == .v5 {
            packet.properties = try Properties.decode(&reader, in: .unsubAck, limits: limits)
            guard !reader.isAtEnd else { throw MalformedPacket(.truncatedField, at: reader.position) }
            while !reader.isAtEnd { packet.reasonCodes.append(try reader.reasonCode(in: .unsubAck)) }
        }
        try reader.finish()
        return packet
    }

    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        try buffer.writeFrame(.unsubAck) { (buffer) throws(PacketEncodingError) in
            try buffer.writePacketID(packetID)
            guard version == .v5 else { return }
            try properties.encode(into: &buffer)
            for code in reasonCodes { buffer.writeInteger(code.rawValue) }
        }
    }
}
