internal import MQTTCodec
internal import NIOCore

/// Cuts the stream into packets. A packet beyond the limit is refused when its header has arrived.
struct PacketDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = Packet

    let version: MQTTCodec.ProtocolVersion
    let maximumPacketBytes: Int

    mutating func decode(buffer: inout ByteBuffer) throws -> Packet? {
        let header = try buffer.withUnsafeReadableBytes { bytes in
            try FixedHeader.parse(bytes, version: version, maximumFrameLength: maximumPacketBytes)
        }
        guard let header, let frame = buffer.readSlice(length: header.frameLength) else { return nil }
        return try frame.withUnsafeReadableBytes { bytes in try Packet.decode(frame: bytes, version: version) }
    }

    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> Packet? {
        try decode(buffer: &buffer)
    }
}
