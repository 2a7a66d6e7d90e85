import MQTTCodec
import NIOCore
import Testing

@Suite("Seeded input")
struct RandomInputTests {
    @Test("200,000 random and mutated frames never crash, and what is accepted encodes to what decodes the same")
    func neverCrashes() throws {
        var generator = SeededGenerator(seed: 0x4D51_5454)
        let vectors = ValidVector.all
        var accepted = 0
        for _ in 0..<200_000 {
            let version: ProtocolVersion = generator.chance(2) ? .v3_1_1 : .v5
            let bytes = generator.chance(4) ? random(&generator) : mutated(vectors, &generator)
            if generator.chance(2), let header = try? header(bytes, version) {
                if header.type == .publish { _ = try? view(bytes, version) }
                _ = bytes.withUnsafeBytes { raw in
                    Result { try AckView.parse(frame: raw, header: header, version: version) }
                }
            }
            guard let packet = try? decode(bytes, version) else { continue }
            accepted += 1
            let again = try encode(packet, version)
            #expect(try decode(again, version) == packet, "\(text(bytes))")
        }
        #expect(accepted > 1_000)
    }

    @Test("Random bytes as topics, filters and properties never crash")
    func parts() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50_000 {
            let bytes = generator.bytes(generator.below(24))
            let topic = MQTTString(bytes: bytes)
            if let filter = try? TopicFilter(bytes) { _ = filter.matches(topic) }
            bytes.withUnsafeBytes { raw in
                _ = try? TopicName.validate(raw)
                _ = try? PublishProperties.scan(raw)
                _ = Connect.peekVersion(body: raw)
            }
        }
    }

    @Test("The scan of PUBLISH properties and the whole list agree on random properties")
    func scanAgrees() throws {
        var generator = SeededGenerator(seed: 11)
        let pieces = [
            "01 01", "01 02", "02 00000001", "03 0001 61", "08 0001 61", "08 0000", "09 0000", "0B 01", "0B 00",
            "0B 8000", "23 0001", "23 0000", "26 0001 61 0000", "26 0001 FF 0000", "21 0001", "7F", "26 00",
        ].map(hex)
        for _ in 0..<20_000 {
            let properties = (0..<generator.below(5)).flatMap { _ in pieces[generator.below(pieces.count)] }
            let frame = [0x30, UInt8(4 + properties.count), 0, 1, 0x61, UInt8(properties.count)] + properties
            let scanned = Result { try view(frame, .v5, sender: .server) }
            let list = listFault(properties)
            switch scanned {
            case .success: #expect(list == nil, "\(text(properties))")
            case .failure(let error): #expect((error as? MalformedPacket)?.fault == list, "\(text(properties))")
            }
        }
    }

    /// What the decoder of the whole packet, which reads the list a second time into values, says.
    private func listFault(_ properties: [UInt8]) -> MalformedPacket.Fault? {
        let frame = [0x30, UInt8(4 + properties.count), 0, 1, 0x61, UInt8(properties.count)] + properties
        return fault(frame, .v5)?.fault
    }

    @Test("Random packets of every type survive encoding and decoding in both versions")
    func roundTrips() throws {
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<20_000 {
            let version: ProtocolVersion = generator.chance(2) ? .v3_1_1 : .v5
            let packet = PacketMaker(version: version).packet(&generator)
            let bytes = try encode(packet, version)
            #expect(try decode(bytes, version) == packet)
        }
    }

    @Test("Matching agrees with a plain recursive definition on random filters and topics")
    func matchingAgrees() throws {
        var generator = SeededGenerator(seed: 5)
        let levels = ["a", "b", "", "$x", "+"]
        for _ in 0..<50_000 {
            var filter = (0..<1 + generator.below(4)).map { _ in levels[generator.below(5)] }
            if generator.chance(3) { filter.append("#") }
            let topic = (0..<1 + generator.below(4)).map { _ in levels[generator.below(4)] }
            let (filterText, topicText) = (filter.joined(separator: "/"), topic.joined(separator: "/"))
            guard !filterText.isEmpty, !topicText.isEmpty else { continue }
            let isHidden = topicText.hasPrefix("$") && (filterText.hasPrefix("+") || filterText.hasPrefix("#"))
            let expected = !isHidden && plainMatch(filter[...], topic[...])
            let found = try TopicFilter(MQTTString(filterText)).matches(MQTTString(topicText))
            #expect(found == expected, "\(filterText) \(topicText)")
        }
    }

    private func plainMatch(_ filter: ArraySlice<String>, _ topic: ArraySlice<String>) -> Bool {
        guard let wanted = filter.first else { return topic.isEmpty }
        if wanted == "#" { return true }
        guard let level = topic.first, wanted == "+" || wanted == level else { return false }
        return plainMatch(filter.dropFirst(), topic.dropFirst())
    }

    private func random(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = generator.bytes(2 + generator.below(40))
        bytes[1] = UInt8(bytes.count - 2)
        return bytes
    }

    private func mutated(_ vectors: [ValidVector], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = vectors[generator.below(vectors.count)].bytes
        for _ in 0..<1 + generator.below(3) {
            let place = generator.below(bytes.count)
            switch generator.below(4) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
            case 1: bytes[place] ^= 1 << UInt8(generator.below(8))
            case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
            default: if bytes.count > 2 { bytes.remove(at: place) }
            }
        }
        if generator.chance(2), bytes.count >= 2, bytes.count < 130 { bytes[1] = UInt8(bytes.count - 2) }
        return bytes
    }
}
