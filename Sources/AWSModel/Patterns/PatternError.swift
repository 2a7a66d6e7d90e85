/// Why a pattern cannot be compiled, and where.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package let pattern: String
    /// Unicode scalars from the start of the pattern.
    package let offset: Int
    package let reason: String

    package var description: String { "pattern \(pattern): \(reason) at \(offset)" }
}
