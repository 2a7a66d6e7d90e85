package import NIOCore

/// AUTH (MQTT 5.0 section 3.15).
package struct Auth: Hashable, Sendable {
    package var reasonCode: ReasonCode
    package var properties: Properties

    package init(reasonCode: ReasonCode = .success, properties: Properties = .none) {
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the body. An empty one is success.
    /// - Throws: an undefined code [MQTT-3.15.2-1]; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Auth {
        var reader = PacketReader(body)
        var packet = Auth()
        if !reader.isAtEnd {
            packet.reasonCode = try reader.reasonCode(in: .auth)
            if !reader.isAtEnd { packet.properties = try Properties.decode(&reader, in: .auth, limits: limits) }
        }
        try reader.finish()
        return packet
    }

    /// Appends the frame in its shortest form.
    package func encode(into buffer: inout ByteBuffer) throws(PacketEncodingError) {
        try buffer.writeFrame(.auth) { (buffer) throws(PacketEncodingError) in
            guard reasonCode != .success || !properties.isEmpty else { return }
            buffer.writeInteger(reasonCode.rawValue)
            if !properties.isEmpty { try properties.encode(into: &buffer) }
        }
    }
}
