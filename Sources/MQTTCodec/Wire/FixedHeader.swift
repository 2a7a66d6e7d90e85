/// The first bytes of every frame: type, flags and Remaining Length (MQTT 5.0 section 2.1).
@frozen public struct FixedHeader: Hashable, Sendable {
    public let type: PacketType
    /// The low four bits of the first byte.
    public let flags: UInt8
    /// Bytes of the fixed header itself, 2 to 5.
    public let headerLength: Int
    /// Bytes that follow the fixed header.
    public let remainingLength: Int

    @inlinable public init(type: PacketType, flags: UInt8, headerLength: Int, remainingLength: Int) {
        self.type = type
        self.flags = flags
        self.headerLength = headerLength
        self.remainingLength = remainingLength
    }

    /// Bytes of the whole frame.
    @inlinable public var frameLength: Int { headerLength + remainingLength }

    /// Whether Remaining Length has its shortest form, which version 5 demands [MQTT-1.5.5-1].
    @inlinable public var isMinimal: Bool {
        headerLength == 1 + VariableByteInteger.length(of: remainingLength)
    }

    /// Reads the fixed header at the start of `bytes`. Nil means that more bytes are needed; the rest of the frame may
    /// be missing. What is wrong already with the bytes at hand is thrown at once.
    /// - Parameters:
    ///   - version: the connection's version, nil before CONNECT. AUTH exists, and the shortest form of Remaining
    ///     Length is demanded, in version 5 only.
    ///   - maximumFrameLength: longer frames are `packetTooLarge`, before their body has arrived.
    /// - Throws: reserved type, wrong flags [MQTT-2.2.2-2] [MQTT-2.1.3-1], Remaining Length beyond four bytes, too
    ///   large.
    @inlinable public static func parse(
        _ bytes: UnsafeRawBufferPointer, version: ProtocolVersion? = nil, maximumFrameLength: Int = .max
    ) throws(MalformedPacket) -> FixedHeader? {
        guard bytes.count > 0 else { return nil }
        let first = bytes[0]
        guard let type = PacketType(rawValue: first >> 4), type != .auth || version != .v3_1_1 else {
            throw MalformedPacket(.reservedPacketType, at: 0, value: first)
        }
        let flags = first & 0x0F
        guard type == .publish || flags == type.reservedFlags else {
            throw MalformedPacket(.invalidFixedHeaderFlags, at: 0, value: first)
        }
        guard let (remaining, length) = VariableByteInteger.read(bytes, at: 1) else { return nil }
        guard length > 0 else { throw MalformedPacket(.malformedVariableByteInteger, at: 1) }
        let header = FixedHeader(type: type, flags: flags, headerLength: 1 + length, remainingLength: remaining)
        guard version != .v5 || header.isMinimal else { throw MalformedPacket(.malformedVariableByteInteger, at: 1) }
        guard header.frameLength <= maximumFrameLength else { throw MalformedPacket(.packetTooLarge, at: 1) }
        return header
    }
}
