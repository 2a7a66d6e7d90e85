package import NIOCore

/// SUBSCRIBE (MQTT 3.1.1 and 5.0, section 3.8). The subscription identifier is a property.
package struct Subscribe: Hashable, Sendable {
    package var packetID: UInt16
    package var subscriptions: [Subscription]
    package var properties: Properties

    package init(packetID: UInt16, subscriptions: [Subscription], properties: Properties = .none) {
        self.packetID = packetID
        self.subscriptions = subscriptions
        self.properties = properties
    }

    /// Reads the body.
    /// - Throws: packet identifier 0 [MQTT-2.3.1-1]; no filter (3.1.1 [MQTT-3.8.3-3], 5.0 [MQTT-3.8.3-2]); reserved
    ///   option bits (3.1.1 [MQTT-3.8.3-4], 5.0 [MQTT-3.8.3-5]); No Local on a shared subscription [MQTT-3.8.3-4];
    ///   UTF-8 [MQTT-3.8.3-1]; too many filters; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Subscribe {
        var reader = PacketReader(body)
        var packet = Subscribe(packetID: try reader.packetID(), subscriptions: [])
        if version == .v5 { packet.properties = try Properties.decode(&reader, in: .subscribe, limits: limits) }
        guard !reader.isAtEnd else { throw MalformedPacket(.subscribeWithoutFilter, at: reader.position) }
        while !reader.isAtEnd {
            guard packet.subscriptions.count < limits.maximumFilters else {
                throw MalformedPacket(.tooManyFilters, at: reader.position)
            }
            packet.subscriptions.append(try Subscription.decode(&reader, version: version))
        }
        return packet
    }

    /// Appends the frame. The options of version 5 alone are dropped in 3.1.1.
    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        guard !subscriptions.isEmpty else { throw .noTopicFilter }
        try buffer.writeFrame(.subscribe) { (buffer) throws(PacketEncodingError) in
            try buffer.writePacketID(packetID)
            if version == .v5 { try properties.encode(into: &buffer) }
            for subscription in subscriptions {
                try buffer.writeString(subscription.filter)
                buffer.writeInteger(subscription.options(in: version))
            }
        }
    }
}
