package import NIOCore

extension Packet {
    /// Appends the frame. CONNECT is written in its own version.
    /// - Throws: nothing is written then. AUTH does not exist in version 3.1.1.
    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        switch self {
        case .connect(let packet): try packet.encode(into: &buffer)
        case .connAck(let packet): try packet.encode(into: &buffer, version: version)
        case .publish(let packet): try packet.encode(into: &buffer, version: version)
        case .pubAck(let packet), .pubRec(let packet), .pubRel(let packet), .pubComp(let packet):
            try packet.encode(into: &buffer, as: type, version: version)
        case .subscribe(let packet): try packet.encode(into: &buffer, version: version)
        case .subAck(let packet): try packet.encode(into: &buffer, version: version)
        case .unsubscribe(let packet): try packet.encode(into: &buffer, version: version)
        case .unsubAck(let packet): try packet.encode(into: &buffer, version: version)
        case .pingReq: AckEncoder.appendPingReq(into: &buffer)
        case .pingResp: AckEncoder.appendPingResp(into: &buffer)
        case .disconnect(let packet): try packet.encode(into: &buffer, version: version)
        case .auth(let packet):
            guard version == .v5 else { throw .notInVersion3(.auth) }
            try packet.encode(into: &buffer)
        }
    }
}
