package import NIOCore

package typealias PubAck = Acknowledgement
package typealias PubRec = Acknowledgement
package typealias PubRel = Acknowledgement
package typealias PubComp = Acknowledgement

/// PUBACK, PUBREC, PUBREL and PUBCOMP, which have one shape (MQTT 3.1.1 and 5.0, sections 3.4 to 3.7).
package struct Acknowledgement: Hashable, Sendable {
    package var packetID: UInt16
    package var reasonCode: ReasonCode
    package var properties: Properties

    package init(packetID: UInt16, reasonCode: ReasonCode = .success, properties: Properties = .none) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the body. In version 5 a missing code is success, and a missing property length is no properties.
    /// - Throws: packet identifier 0 [MQTT-2.3.1-1]; a code that the type does not have [MQTT-3.4.2-1]
    ///   [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]; wrong length; faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, as type: PacketType, version: ProtocolVersion,
        limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Acknowledgement {
        var reader = PacketReader(body)
        var packet = Acknowledgement(packetID: try reader.packetID())
        if version == .v5, !reader.isAtEnd {
            packet.reasonCode = try reader.reasonCode(in: type)
            if !reader.isAtEnd {
                packet.properties = try Properties.decode(&reader, in: PropertyPlace(type), limits: limits)
            }
        }
        try reader.finish()
        return packet
    }

    /// Appends the frame in its shortest form.
    package func encode(
        into buffer: inout ByteBuffer, as type: PacketType, version: ProtocolVersion
    ) throws(PacketEncodingError) {
        try buffer.writeFrame(type) { (buffer) throws(PacketEncodingError) in
            try buffer.writePacketID(packetID)
            guard version == .v5, reasonCode != .success || !properties.isEmpty else { return }
            buffer.writeInteger(reasonCode.rawValue)
            if !properties.isEmpty { try properties.encode(into: &buffer) }
        }
    }
}
