import MQTTCodec
import Testing

@Suite("The fixed header")
struct FixedHeaderTests {
    @Test("Remaining Length has its value at each width", arguments: [
        ("C0 00", 0), ("C0 7F", 127), ("C0 8001", 128), ("C0 FF7F", 16_383), ("C0 808001", 16_384),
        ("C0 FFFF7F", 2_097_151), ("C0 80808001", 2_097_152), ("C0 FFFFFF7F", 268_435_455),
    ])
    func widths(_ bytes: String, _ length: Int) throws {
        let found = try #require(try header(hex(bytes), .v5))
        #expect(found.remainingLength == length)
        #expect(found.headerLength == hex(bytes).count)
        #expect(found.frameLength == length + found.headerLength)
        var written = [UInt8](repeating: 0, count: 4)
        let count = written.withUnsafeMutableBytes { raw in
            raw.baseAddress.map { VariableByteInteger.write(length, to: $0) } ?? 0
        }
        #expect(Array(written.prefix(count)) == Array(hex(bytes).dropFirst()))
    }

    @Test("[MQTT-2.2.2-2] [MQTT-2.1.3-1] Of all first bytes exactly the defined ones are accepted")
    func firstBytes() {
        for byte in UInt8.min...UInt8.max {
            let type = byte >> 4
            let flags = byte & 0x0F
            let isDefined = type == 3 || ([6, 8, 10].contains(type) ? flags == 2 : type != 0 && flags == 0)
            for version in [nil, .v3_1_1, .v5] as [ProtocolVersion?] {
                let isAccepted = (try? header([byte], version)) != nil || isNeedMore([byte], version)
                #expect(isAccepted == (isDefined && !(type == 15 && version == .v3_1_1)), "\(byte)")
            }
        }
    }

    @Test("A frame above the limit is refused as soon as its length is known")
    func limit() throws {
        #expect(try header(hex("30 8001"), .v5, maximumFrameLength: 131) != nil)
        let refusal = #expect(throws: MalformedPacket.self) {
            try header(hex("30 8001"), .v5, maximumFrameLength: 130)
        }
        #expect(refusal?.reasonCode == .packetTooLarge)
    }

    @Test("[MQTT-1.5.5-1] A length that is not minimal passes in version 3.1.1 only")
    func minimal() throws {
        #expect(try header(hex("C0 8000"), .v3_1_1)?.remainingLength == 0)
        #expect(try header(hex("C0 8000"))?.isMinimal == false)
        #expect(throws: MalformedPacket.self) { try header(hex("C0 8000"), .v5) }
    }

    private func isNeedMore(_ bytes: [UInt8], _ version: ProtocolVersion?) -> Bool {
        do { return try header(bytes, version) == nil } catch { return false }
    }
}
