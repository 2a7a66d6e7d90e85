/// What is wrong with a value by its model, worded like AWS's own refusals.
package struct ConstraintViolations: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Violation: Hashable, Sendable {
        /// `attributePayload.attributes`, `tags.1.member.key`
        package let path: String
        /// The offending value in quotes, or `null`.
        package let value: String
        /// `Member must not be null`
        package let constraint: String
    }

    /// A message names this many; a request that breaks more is not worth more work.
    package static let limit = 10
    /// Characters of an offending value that a message repeats.
    static let shownCharacters = 256

    package private(set) var violations: [Violation] = []

    package init() {}

    package var isEmpty: Bool { violations.isEmpty }
    var isFull: Bool { violations.count >= Self.limit }

    /// - Parameter value: the text to show; nil for a value that is absent.
    mutating func add(_ path: String, _ value: String?, _ constraint: String) {
        guard !isFull else { return }
        violations.append(Violation(path: path, value: value.map(Self.quoted) ?? "null", constraint: constraint))
    }

    private static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(shownCharacters)
        return shown.endIndex == text.unicodeScalars.endIndex
            ? "'\(text)'" : "'\(String(String.UnicodeScalarView(shown)))...'"
    }

    package var description: String {
        let count = violations.count
        return "\(count) validation error\(count == 1 ? "" : "s") detected: "
            + violations.map { "Value \($0.value) at '\($0.path)' failed to satisfy constraint: \($0.constraint)" }
            .joined(separator: "; ")
    }
}
