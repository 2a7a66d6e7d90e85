#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The levels of a topic name or filter, cut at each `/`. An empty level is a level: `/a` has two and `a/` has two.
/// Nothing is normalised [MQTT-4.7.3-4].
struct TopicLevels: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer
    private(set) var isAtEnd = false

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    @inline(__always)
    mutating func next() -> UnsafeRawBufferPointer? {
        if isAtEnd { return nil }
        var end = 0
        while end < rest.count && rest[end] != Byte.slash { end &+= 1 }
        let level = UnsafeRawBufferPointer(rebasing: rest[..<end])
        if end == rest.count {
            isAtEnd = true
        } else {
            rest = UnsafeRawBufferPointer(rebasing: rest[(end &+ 1)...])
        }
        return level
    }

    /// The bytes that mean something in topic filters.
    enum Byte {
        static let slash = UInt8(ascii: "/")
        static let plus = UInt8(ascii: "+")
        static let hash = UInt8(ascii: "#")
        static let dollar = UInt8(ascii: "$")
    }
}

extension UnsafeRawBufferPointer {
    /// A level that is `+` alone [MQTT-4.7.1-3 v3, MQTT-4.7.1-2 v5]. Inside other text the character is only itself.
    @inline(__always)
    var isSingleLevelWildcard: Bool { count == 1 && self[0] == TopicLevels.Byte.plus }

    /// A level that is `#` alone; it is a wildcard only as the last level [MQTT-4.7.1-2 v3, MQTT-4.7.1-1 v5].
    @inline(__always)
    var isMultiLevelWildcard: Bool { count == 1 && self[0] == TopicLevels.Byte.hash }

    /// Wildcards in the first level do not reach topics that begin with `$` [MQTT-4.7.2-1].
    @inline(__always)
    var isDollarTopic: Bool { count > 0 && self[0] == TopicLevels.Byte.dollar }

    /// Whether this filter can match more than the one topic that it spells.
    var hasWildcard: Bool {
        var levels = TopicLevels(self)
        while let level = levels.next() {
            if level.isSingleLevelWildcard || (levels.isAtEnd && level.isMultiLevelWildcard) { return true }
        }
        return false
    }

    @inline(__always)
    func equals(_ other: UnsafeRawPointer, _ otherCount: Int) -> Bool {
        guard count == otherCount else { return false }
        guard let start = baseAddress else { return true }
        return memcmp(start, other, count) == 0
    }
}
