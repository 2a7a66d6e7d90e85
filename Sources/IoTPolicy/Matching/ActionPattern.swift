/// A pattern over action names such as `iot:Pub*`. Case does not count (policies.md section 2).
struct ActionPattern: Hashable, Sendable {
    private let pattern: BytePattern

    init(_ text: String) { pattern = BytePattern(wildcards: text.lowercased()) }

    /// `name` is in lower case.
    func matches(lowercased name: String) -> Bool { pattern.matches(name) }
}
