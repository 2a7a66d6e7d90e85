/// Names one record or one queue of the message store. Never given twice in the life of a data directory.
package struct StoreNumber: Hashable, Comparable, Sendable, BitwiseCopyable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// What nothing is named: the number of something that is not stored.
    package static let none = StoreNumber(0)

    package static func < (one: StoreNumber, other: StoreNumber) -> Bool { one.rawValue < other.rawValue }
}
