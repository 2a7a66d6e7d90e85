/// An entry of `Resource` or `NotResource` for one caller.
struct ResolvedResource: Hashable, Sendable {
    /// Nil when a variable has no value: the entry cannot match (policies.md section 4).
    let pattern: ARNPattern?
    /// The entry after substitution, as a person reads it.
    let text: String
    /// Names of the variables without value.
    let unresolved: [String]
}
