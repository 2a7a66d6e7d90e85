/// The thing that a connection is associated with (policies.md section 4, "Thing association rule").
package struct ThingFacts: Sendable {
    package var name: String
    package var typeName: String?
    package var attributes: [String: String]
    /// The thing is attached to the principal. When it is not, only `IsAttached` has a value.
    package var isAttached: Bool

    package init(name: String, typeName: String? = nil, attributes: [String: String] = [:], isAttached: Bool) {
        self.name = name
        self.typeName = typeName
        self.attributes = attributes
        self.isAttached = isAttached
    }
}
