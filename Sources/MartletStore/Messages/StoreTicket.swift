/// A place in the order in which one event loop submitted batches. Rises by one per submit; each loop has its own.
package struct StoreTicket: Hashable, Comparable, Sendable, BitwiseCopyable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Before the first submit.
    package static let zero = StoreTicket(0)
    package var next: StoreTicket { StoreTicket(rawValue + 1) }

    package static func < (one: StoreTicket, other: StoreTicket) -> Bool { one.rawValue < other.rawValue }
}
