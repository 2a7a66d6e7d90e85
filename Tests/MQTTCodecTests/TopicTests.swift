import MQTTCodec
import Testing

private func validateName(_ bytes: [UInt8], maximumBytes: Int = 65_535) -> MalformedPacket? {
    bytes.withUnsafeBytes { raw in
        do throws(MalformedPacket) {
            try TopicName.validate(raw, maximumBytes: maximumBytes)
            return nil
        } catch {
            return error
        }
    }
}

private func filterFault(_ text: MQTTString, maximumBytes: Int = 65_535) -> MalformedPacket.Fault? {
    do throws(MalformedPacket) {
        _ = try TopicFilter(text, maximumBytes: maximumBytes)
        return nil
    } catch {
        return error.fault
    }
}

@Suite("Topic names and filters")
struct TopicTests {
    @Test("[MQTT-4.7.1-1] A bad character is found at every place of names of every length")
    func badCharacters() {
        let bad: [(byte: UInt8, fault: MalformedPacket.Fault)] = [
            (0x2B, .topicNameWildcard), (0x23, .topicNameWildcard), (0, .nullCharacter), (0x80, .illFormedUTF8),
            (0xFF, .illFormedUTF8),
        ]
        for length in 1...33 {
            let good = [UInt8](repeating: 0x7F, count: length)
            #expect(validateName(good) == nil)
            #expect(validateName([UInt8](repeating: 0x01, count: length)) == nil)
            for place in 0..<length {
                for (byte, fault) in bad {
                    var name = good
                    name[place] = byte
                    #expect(validateName(name)?.fault == fault)
                    #expect(validateName(name)?.place == place)
                }
            }
        }
    }

    @Test("[MQTT-4.7.3-1] [MQTT-4.7.3-3] A name has one byte at least and no more than the limit")
    func nameLength() {
        #expect(validateName([])?.fault == .topicNameEmpty)
        #expect(validateName([0x61, 0x62], maximumBytes: 2) == nil)
        #expect(validateName([0x61, 0x62, 0x63], maximumBytes: 2)?.fault == .topicNameTooLong)
    }

    @Test("[MQTT-1.5.3-1] [MQTT-1.5.4-1] UTF-8 agrees with Swift's own decoder on all short sequences")
    func utf8() {
        let edges: [UInt8] = [
            0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for a in edges {
            for b in edges {
                for c in edges {
                    for d in edges {
                        let bytes = [a, b, c, d]
                        let mine = bytes.withUnsafeBytes { UTF8Validation.fault(in: $0) == nil }
                        #expect(mine == (String(validating: bytes, as: UTF8.self) != nil), "\(text(bytes))")
                    }
                }
            }
        }
    }

    @Test("[MQTT-1.5.3-3] [MQTT-1.5.4-3] U+FEFF is data and stays")
    func byteOrderMark() throws {
        let frame = hex("30 07 0004 EFBBBF61 00")
        #expect(try decode(frame, .v5) == .publish(Publish(topic: MQTTString(bytes: [0xEF, 0xBB, 0xBF, 0x61]))))
    }

    @Test("[MQTT-4.7.3-4] Texts that Swift takes for the same are different topics")
    func noNormalisation() {
        let (composed, decomposed): (MQTTString, MQTTString) = ("\u{E9}", "e\u{301}")
        #expect(composed.string == decomposed.string)
        #expect(composed != decomposed)
    }

    @Test(
        "[MQTT-4.7.1-2] [MQTT-4.7.1-3] A filter with a misplaced wildcard, length or share name is refused by name",
        arguments: [
            ("", .topicFilterEmpty), ("a#", .multiLevelWildcardMisplaced), ("a/#/b", .multiLevelWildcardMisplaced),
            ("#/", .multiLevelWildcardMisplaced), ("##", .multiLevelWildcardMisplaced),
            ("sport/tennis#", .multiLevelWildcardMisplaced),
            ("sport/tennis/#/ranking", .multiLevelWildcardMisplaced), ("sport+", .singleLevelWildcardMisplaced),
            ("a/+b", .singleLevelWildcardMisplaced), ("++", .singleLevelWildcardMisplaced),
            ("+#", .singleLevelWildcardMisplaced), ("$share//a", .shareNameEmpty), ("$share/", .shareNameEmpty),
            ("$share/g", .shareNameInvalid), ("$share/g/", .shareNameInvalid), ("$share/g+/a", .shareNameInvalid),
            ("$share/#/a", .shareNameInvalid), ("$share/g/a#", .multiLevelWildcardMisplaced), ("a\0", .nullCharacter),
        ] as [(MQTTString, MalformedPacket.Fault)])
    func badFilters(_ filter: MQTTString, _ fault: MalformedPacket.Fault) {
        #expect(filterFault(filter) == fault)
        #expect(fault == .nullCharacter || MalformedPacket(fault, at: 0).reasonCode == .topicFilterInvalid)
    }

    @Test(
        "A good filter is accepted",
        arguments: ["#", "+", "/", "//", "a/#", "+/+", "/+", "+/", "a/+/#", "$SYS/#", "$share", "$shared/x/#", " "]
            as [MQTTString])
    func goodFilters(_ filter: MQTTString) throws {
        let parsed = try TopicFilter(filter)
        #expect(!parsed.isShared)
        #expect(parsed.shareName == nil)
        #expect(Array(parsed.matched) == filter.bytes)
    }

    @Test("[MQTT-4.8.2-1] [MQTT-4.8.2-2] A shared filter gives its name and the part that is matched")
    func shared() throws {
        let filter = try TopicFilter("$share/group 1//a/+")
        #expect(filter.isShared)
        #expect(filter.shareName == "group 1")
        #expect(MQTTString(bytes: Array(filter.matched)) == "/a/+")
        #expect(filter.hasWildcards)
        #expect(filter.matches("/a/b"))
        #expect(!filter.matches("$share/group 1//a/b"))
    }

    @Test("[MQTT-4.7.3-3] The limit counts the part that is matched")
    func filterLength() {
        #expect(filterFault("$share/group/abc", maximumBytes: 3) == nil)
        #expect(filterFault("$share/group/abcd", maximumBytes: 3) == .topicFilterTooLong)
        #expect(filterFault("abcd", maximumBytes: 3) == .topicFilterTooLong)
    }

    @Test(
        "[MQTT-4.7.2-1] A filter matches the topics that the specification says",
        arguments: [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/tennis/player1/#", "sport/tennis/player10", false), ("sport/#", "sport", true), ("#", "a", true),
            ("#", "/", true), ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false), ("sport/+", "sport", false),
            ("sport/+", "sport/", true), ("+", "sport", true), ("+", "/finance", false), ("+/+", "/finance", true),
            ("/+", "/finance", true), ("+/tennis/#", "sport/tennis", true), ("#", "$SYS/a", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false), ("$SYS/#", "$SYS/a", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true), ("a/b", "a/b", true), ("a/b", "a/B", false),
            ("a/b", "a/b/", false), ("a/b/", "a/b", false), ("/a", "a", false), ("a//b", "a//b", true),
            ("a/+/b", "a//b", true), ("+/#", "a", true), ("+/#", "$a", false), ("a/$b/+", "a/$b/c", true),
            ("a/+", "a/$b", true),
        ] as [(MQTTString, MQTTString, Bool)])
    func matching(_ filter: MQTTString, _ topic: MQTTString, _ expected: Bool) throws {
        #expect(try TopicFilter(filter).matches(topic) == expected)
    }

    @Test("With the parent left out, a/# matches a/ and below but not a")
    func parentLeftOut() throws {
        let filter = try TopicFilter("a/#")
        #expect(!filter.matches("a", multiLevelMatchesParent: false))
        #expect(filter.matches("a/", multiLevelMatchesParent: false))
        #expect(filter.matches("a/b/c", multiLevelMatchesParent: false))
        #expect(try TopicFilter("#").matches("a", multiLevelMatchesParent: false))
    }

    @Test("Levels keep every empty one")
    func levels() {
        func split(_ topic: String) -> [String] {
            Array(topic.utf8).withUnsafeBytes { raw in
                TopicLevels(raw).map { String(decoding: raw[$0], as: UTF8.self) }
            }
        }
        #expect(split("a/b") == ["a", "b"])
        #expect(split("/") == ["", ""])
        #expect(split("a//b/") == ["a", "", "b", ""])
        #expect(Array("a//b/".utf8).withUnsafeBytes { TopicLevels.separators(in: $0) } == 3)
    }
}
