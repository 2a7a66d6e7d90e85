/// The topic of a request: `$aws/things/{thing}/shadow[/name/{shadow}]/{get|update|delete}`. The names are as they were
/// written and may be invalid: such a request is rejected on its own rejected topic.
package struct ShadowTopic: Hashable, Sendable {
    package let thing: String
    /// Nil for the classic shadow.
    package let shadow: String?
    package let operation: ShadowOperation

    /// Nil when the topic is none on which shadows take requests.
    package init?(parsing topic: String) {
        guard topic.utf8.starts(with: "$aws/things/".utf8) else { return nil }
        let segments = topic.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
        switch Array(segments.dropFirst()) {
        case ["shadow", let last]:
            self.init(segments.first, nil, last)
        case ["shadow", "name", let shadow, let last]:
            self.init(segments.first, shadow, last)
        default: return nil
        }
    }

    private init?(_ thing: Substring?, _ shadow: Substring?, _ last: Substring) {
        guard let thing, let operation = ShadowOperation(rawValue: String(last)) else { return nil }
        self.thing = String(thing)
        self.shadow = shadow.map(String.init)
        self.operation = operation
    }

    package func name() throws(ShadowRefusal) -> ShadowName { try ShadowName(thing: thing, shadow: shadow) }

    /// The topic before the operation, as it was written.
    package var prefix: String { "$aws/things/\(thing)/shadow" + (shadow.map { "/name/\($0)" } ?? "") }

    /// Where a refusal of this request is published.
    package var rejected: String { "\(prefix)/\(operation.rejected.rawValue)" }
}
