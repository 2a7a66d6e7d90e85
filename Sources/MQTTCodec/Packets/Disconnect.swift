package import NIOCore

/// DISCONNECT (MQTT 3.1.1 and 5.0, section 3.14). Only clients send it in version 3.1.1, and empty.
package struct Disconnect: Hashable, Sendable {
    package var reasonCode: ReasonCode
    package var properties: Properties

    package init(reasonCode: ReasonCode = .normalDisconnection, properties: Properties = .none) {
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the body. In version 5 a missing code is normal disconnection.
    /// - Throws: an undefined code [MQTT-3.14.2-1]; anything at all in version 3.1.1; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Disconnect {
        var reader = PacketReader(body)
        var packet = Disconnect()
        if version == .v5, !reader.isAtEnd {
            packet.reasonCode = try reader.reasonCode(in: .disconnect)
            if !reader.isAtEnd {
                packet.properties = try Properties.decode(&reader, in: .disconnect, limits: limits)
            }
        }
        try reader.finish()
        return packet
    }

    /// Appends the frame in its shortest form; version 3.1.1 has no code to say.
    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        try buffer.writeFrame(.disconnect) { (buffer) throws(PacketEncodingError) in
            guard version == .v5, reasonCode != .normalDisconnection || !properties.isEmpty else { return }
            buffer.writeInteger(reasonCode.rawValue)
            if !properties.isEmpty { try properties.encode(into: &buffer) }
        }
    }
}
