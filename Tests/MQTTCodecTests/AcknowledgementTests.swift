import MQTTCodec
import NIOCore
import Testing

@Suite("Acknowledgements of the hot path")
struct AcknowledgementTests {
    private static let types: [PacketType] = [.pubAck, .pubRec, .pubRel, .pubComp]

    private func packet(_ type: PacketType, _ ack: Acknowledgement) -> Packet {
        switch type {
        case .pubAck: .pubAck(ack)
        case .pubRec: .pubRec(ack)
        case .pubRel: .pubRel(ack)
        default: .pubComp(ack)
        }
    }

    @Test("The fast encoder writes what the packet writes, in both versions")
    func encoder() throws {
        var buffer = ByteBuffer()
        AckEncoder.appendPubAck(0x0102, into: &buffer)
        AckEncoder.appendPubRec(3, into: &buffer)
        AckEncoder.appendPubRel(4, into: &buffer)
        AckEncoder.appendPubComp(5, into: &buffer)
        AckEncoder.appendPingReq(into: &buffer)
        AckEncoder.appendPingResp(into: &buffer)
        let packets: [Packet] = [
            .pubAck(PubAck(packetID: 0x0102)), .pubRec(PubRec(packetID: 3)), .pubRel(PubRel(packetID: 4)),
            .pubComp(PubComp(packetID: 5)), .pingReq(PingReq()), .pingResp(PingResp()),
        ]
        for version in ProtocolVersion.allCases {
            #expect(Array(buffer.readableBytesView) == (try packets.flatMap { try encode($0, version) }))
        }
    }

    @Test("[MQTT-2.2.1-5] With a reason code too, and read back by the view")
    func reasonCodes() throws {
        for type in Self.types {
            for code in ReasonCode.allCases where code.isDefined(in: type) {
                var buffer = ByteBuffer()
                AckEncoder.append(type, 77, reasonCode: code, into: &buffer)
                let bytes = Array(buffer.readableBytesView)
                #expect(bytes == (try encode(packet(type, Acknowledgement(packetID: 77, reasonCode: code)), .v5)))
                #expect(try ackView(bytes, .v5) == AckView(packetID: 77, reasonCode: code))
            }
        }
    }

    @Test("The view refuses what the packet refuses")
    func refuses() {
        for bytes in ["40 02 0000", "40 03 0001 92", "40 01 00", "40 08 0001 10 04 21 0001 00"] {
            let refusal = #expect(throws: MalformedPacket.self) { try ackView(hex(bytes), .v5) }
            #expect(refusal == fault(hex(bytes), .v5))
        }
    }

    private func ackView(_ bytes: [UInt8], _ version: ProtocolVersion) throws -> AckView {
        let header = try #require(try header(bytes, version))
        return try bytes.withUnsafeBytes { try AckView.parse(frame: $0, header: header, version: version) }
    }
}
