/// A place in the change feed of one store. Positions rise by one with every change and are never used twice.
package struct ChangePosition: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// Before the first change.
    package static let start = ChangePosition(rawValue: 0)

    package var description: String { String(rawValue) }

    package static func < (one: ChangePosition, other: ChangePosition) -> Bool { one.rawValue < other.rawValue }
}
