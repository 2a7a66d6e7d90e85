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
        let segments = topic.split(separator: "/", omittingEmptySubsequences: false)
        let isNamed = segments.count == 7 && segments[4] == "name"
        guard isNamed || segments.count == 5, segments[3] == "shadow",
            let operation = ShadowOperation(rawValue: String(segments[segments.count - 1]))
        else { return nil }
        self.thing = String(segments[2])
        self.shadow = isNamed ? String(segments[5]) : nil
        self.operation = operation
    }

    package func name() throws(ShadowRefusal) -> ShadowName { try ShadowName(thing: thing, shadow: shadow) }

    /// The topic before the operation, as it was written.
    package var prefix: String { ShadowName.topicPrefix(thing: thing, shadow: shadow) }

    /// Where a refusal of this request is published.
    package var rejected: String { "\(prefix)/\(operation.rejected.rawValue)" }
}
