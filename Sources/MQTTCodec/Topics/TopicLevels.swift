/// The levels of a topic name or filter, as ranges into its bytes. `a//b` has three, `/` has two, none is dropped.
@frozen public struct TopicLevels: Sequence, IteratorProtocol {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    @usableFromInline var start = 0

    @inlinable public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inlinable public mutating func next() -> Range<Int>? {
        guard start <= bytes.count else { return nil }
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "/") { end += 1 }
        defer { start = end + 1 }
        return start..<end
    }

    /// The number of level separators.
    @inlinable public static func separators(in bytes: UnsafeRawBufferPointer) -> Int {
        var count = 0
        for byte in bytes where byte == UInt8(ascii: "/") { count += 1 }
        return count
    }
}
