extension Packet {
    /// Reads exactly one frame.
    /// - Parameter version: the connection's version. CONNECT brings its own, and this one is not looked at.
    /// - Throws: `incomplete` or `trailingBytes` if the bytes are not one frame; the faults of the packet. Places count
    ///   from the frame's first byte.
    package static func decode(
        frame: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Packet {
        let isConnect = frame.first == PacketType.connect.firstByte
        guard let header = try FixedHeader.parse(frame, version: isConnect ? nil : version),
            header.frameLength <= frame.count
        else { throw MalformedPacket(.incomplete, at: frame.count) }
        guard header.frameLength == frame.count else { throw MalformedPacket(.trailingBytes, at: header.frameLength) }
        if header.type == .publish {
            return .publish(try Publish.decode(frame: frame, header: header, version: version, limits: limits))
        }
        let body = UnsafeRawBufferPointer(rebasing: frame[header.headerLength...])
        let packet: Packet
        do throws(MalformedPacket) {
            packet = try decode(body: body, type: header.type, version: version, limits: limits)
        } catch {
            throw error.shifted(by: header.headerLength)
        }
        if case .connect(let connect) = packet, connect.version == .v5, !header.isMinimal {
            throw MalformedPacket(.malformedVariableByteInteger, at: 1)
        }
        return packet
    }

    /// Reads the body of any packet but PUBLISH, whose flags are in the fixed header.
    private static func decode(
        body: UnsafeRawBufferPointer, type: PacketType, version: ProtocolVersion, limits: DecodingLimits
    ) throws(MalformedPacket) -> Packet {
        func acknowledgement() throws(MalformedPacket) -> Acknowledgement {
            try Acknowledgement.decode(body: body, as: type, version: version, limits: limits)
        }
        switch type {
        case .connect: return .connect(try Connect.decode(body: body, limits: limits))
        case .connAck: return .connAck(try ConnAck.decode(body: body, version: version, limits: limits))
        case .pubAck: return .pubAck(try acknowledgement())
        case .pubRec: return .pubRec(try acknowledgement())
        case .pubRel: return .pubRel(try acknowledgement())
        case .pubComp: return .pubComp(try acknowledgement())
        case .subscribe: return .subscribe(try Subscribe.decode(body: body, version: version, limits: limits))
        case .subAck: return .subAck(try SubAck.decode(body: body, version: version, limits: limits))
        case .unsubscribe: return .unsubscribe(try Unsubscribe.decode(body: body, version: version, limits: limits))
        case .unsubAck: return .unsubAck(try UnsubAck.decode(body: body, version: version, limits: limits))
        case .disconnect: return .disconnect(try Disconnect.decode(body: body, version: version, limits: limits))
        case .auth: return .auth(try Auth.decode(body: body, limits: limits))
        case .pingReq, .pingResp:
            try PacketReader(body).finish()
            return type == .pingReq ? .pingReq(PingReq()) : .pingResp(PingResp())
        case .publish: throw MalformedPacket(.reservedPacketType, at: 0)
        }
    }
}
