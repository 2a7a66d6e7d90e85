/// Repeatable chance for property tests (SplitMix64), and topics and filters that collide often enough to mean
/// something.
struct SeededChoices: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func number(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    private static let texts = ["a", "b", "c", "", "$d", "日本", "Å", "a!", "temperature", "a-level-longer-than-16-bytes"]

    private mutating func level() -> String { Self.texts[number(below: Self.texts.count)] }

    mutating func topic() -> String {
        let topic = (0..<(1 + number(below: 4))).map { _ in level() }.joined(separator: "/")
        return topic.isEmpty ? "a" : topic
    }

    mutating func filter() -> String {
        var levels = (0..<(1 + number(below: 4))).map { _ in number(below: 4) == 0 ? "+" : level() }
        if number(below: 4) == 0 { levels[levels.count - 1] = "#" }
        let filter = levels.joined(separator: "/")
        return filter.isEmpty ? "+" : filter
    }
}

/// MQTT section 4.7 as plainly as it can be written: the judge of both structures.
func filterMatches(_ filter: String, _ topic: String, multiLevelMatchesParent: Bool = true) -> Bool {
    let filterLevels = filter.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    let topicLevels = topic.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    let plus = Array("+".utf8)
    let hash = Array("#".utf8)
    if topic.utf8.first == UInt8(ascii: "$") && (filterLevels[0] == plus || filterLevels[0] == hash) { return false }
    for (index, level) in filterLevels.enumerated() {
        if level == hash && index == filterLevels.count - 1 {
            return topicLevels.count > index || (multiLevelMatchesParent && topicLevels.count == index)
        }
        guard index < topicLevels.count, level == plus || level == topicLevels[index] else { return false }
    }
    return filterLevels.count == topicLevels.count
}

extension String {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Array(utf8).withUnsafeBytes(body)
    }
}
