/// A received PUBACK, PUBREC, PUBREL or PUBCOMP, read without allocating.
@frozen public struct AckView: Hashable, Sendable {
    public let packetID: UInt16
    public let reasonCode: ReasonCode

    @inlinable public init(packetID: UInt16, reasonCode: ReasonCode) {
        self.packetID = packetID
        self.reasonCode = reasonCode
    }

    /// Reads one whole frame of these four types. Properties are checked and dropped.
    /// - Throws: what `Acknowledgement.decode` throws; places count from the frame's first byte.
    @inlinable public static func parse(
        frame: UnsafeRawBufferPointer, header: FixedHeader, version: ProtocolVersion
    ) throws(MalformedPacket) -> AckView {
        guard frame.count >= header.frameLength else { throw MalformedPacket(.incomplete, at: frame.count) }
        guard header.remainingLength == 2 else { return try parseLong(frame: frame, header: header, version: version) }
        let packetID = PublishView.bigEndian16(frame, at: header.headerLength)
        guard packetID != 0 else { throw MalformedPacket(.packetIDZero, at: header.headerLength) }
        return AckView(packetID: packetID, reasonCode: .success)
    }

    @usableFromInline static func parseLong(
        frame: UnsafeRawBufferPointer, header: FixedHeader, version: ProtocolVersion
    ) throws(MalformedPacket) -> AckView {
        let body = UnsafeRawBufferPointer(rebasing: frame[header.headerLength..<header.frameLength])
        do throws(MalformedPacket) {
            let packet = try Acknowledgement.decode(body: body, as: header.type, version: version)
            return AckView(packetID: packet.packetID, reasonCode: packet.reasonCode)
        } catch {
            throw error.shifted(by: header.headerLength)
        }
    }
}
