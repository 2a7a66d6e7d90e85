public import NIOCore

/// Appends the acknowledgements that say success and nothing more, without building a packet: the form that both
/// versions share (MQTT 5.0 section 3.4.2.1).
public enum AckEncoder {
    @inlinable public static func appendPubAck(_ packetID: UInt16, into buffer: inout ByteBuffer) {
        append(.pubAck, packetID, into: &buffer)
    }

    @inlinable public static func appendPubRec(_ packetID: UInt16, into buffer: inout ByteBuffer) {
        append(.pubRec, packetID, into: &buffer)
    }

    @inlinable public static func appendPubRel(_ packetID: UInt16, into buffer: inout ByteBuffer) {
        append(.pubRel, packetID, into: &buffer)
    }

    @inlinable public static func appendPubComp(_ packetID: UInt16, into buffer: inout ByteBuffer) {
        append(.pubComp, packetID, into: &buffer)
    }

    @inlinable public static func appendPingReq(into buffer: inout ByteBuffer) {
        buffer.writeInteger(0xC000 as UInt16)
    }

    @inlinable public static func appendPingResp(into buffer: inout ByteBuffer) {
        buffer.writeInteger(0xD000 as UInt16)
    }

    /// Version 5: an acknowledgement with a reason code and no properties. Success takes the short form.
    @inlinable public static func append(
        _ type: PacketType, _ packetID: UInt16, reasonCode: ReasonCode, into buffer: inout ByteBuffer
    ) {
        guard reasonCode != .success else { return append(type, packetID, into: &buffer) }
        buffer.writeInteger(UInt16(type.firstByte) << 8 | 3)
        buffer.writeInteger(packetID)
        buffer.writeInteger(reasonCode.rawValue)
    }

    @inlinable static func append(_ type: PacketType, _ packetID: UInt16, into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(type.firstByte) << 24 | 2 << 16 | UInt32(packetID))
    }
}
