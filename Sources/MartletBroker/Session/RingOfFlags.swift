import DequeModule

/// A run of flags that is consumed from its front. Beyond what was set, all are false.
struct RingOfFlags {
    private var flags = Deque<Bool>()
    private var trueCount = 0

    subscript(_ index: Int) -> Bool { index < flags.count && flags[index] }

    mutating func set(_ index: Int) {
        while flags.count <= index { flags.append(false) }
        guard !flags[index] else { return }
        flags[index] = true
        trueCount += 1
    }

    /// Removes the true flags at the front and says how many there were.
    mutating func dropLeadingTrue() -> Int {
        var dropped = 0
        while flags.first == true {
            flags.removeFirst()
            dropped += 1
        }
        trueCount -= dropped
        return dropped
    }

    /// Removes so many flags from the front, whatever they are.
    mutating func drop(_ count: Int) {
        for _ in 0..<Swift.min(count, flags.count) where flags.removeFirst() { trueCount -= 1 }
    }

    /// Ascending.
    var trueIndexes: [Int] {
        guard trueCount > 0 else { return [] }
        return flags.enumerated().lazy.filter(\.element).map(\.offset)
    }
}
