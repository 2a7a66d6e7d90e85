package import NIOCore

/// UNSUBSCRIBE (MQTT 3.1.1 and 5.0, section 3.10).
package struct Unsubscribe: Hashable, Sendable {
    package var packetID: UInt16
    package var filters: [MQTTString]
    package var properties: Properties

    package init(packetID: UInt16, filters: [MQTTString], properties: Properties = .none) {
        self.packetID = packetID
        self.filters = filters
        self.properties = properties
    }

    /// Reads the body.
    /// - Throws: packet identifier 0 [MQTT-2.3.1-1]; no filter [MQTT-3.10.3-2]; UTF-8 [MQTT-3.10.3-1]; too many
    ///   filters; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Unsubscribe {
        var reader = PacketReader(body)
        var packet = Unsubscribe(packetID: try reader.packetID(), filters: [])
        if version == .v5 { packet.properties = try Properties.decode(&reader, in: .unsubscribe, limits: limits) }
        guard !reader.isAtEnd else { throw MalformedPacket(.unsubscribeWithoutFilter, at: reader.position) }
        while !reader.isAtEnd {
            guard packet.filters.count < limits.maximumFilters else {
                throw MalformedPacket(.tooManyFilters, at: reader.position)
            }
            packet.filters.append(try reader.string())
        }
        return packet
    }

    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        guard !filters.isEmpty else { throw .noTopicFilter }
        try buffer.writeFrame(.unsubscribe) { (buffer) throws(PacketEncodingError) in
            try buffer.writePacketID(packetID)
            if version == .v5 { try properties.encode(into: &buffer) }
            for filter in filters { try buffer.writeString(filter) }
        }
    }
}
