/// `${name}` or `${name, 'default'}` in a policy (policies.md section 4).
struct PolicyVariable: Hashable, Sendable {
    /// What stands in the place of a variable.
    enum Substitution: Hashable, Sendable {
        case value(String)
        case unresolved
    }

    /// A longer value is not substituted. It keeps the work for one pattern small, whatever client id a device chooses.
    static let valueByteLimit = 1024

    /// As it was written.
    let name: String
    let fallback: String?
    let key: ContextKey

    init(_ name: String, _ fallback: String?) {
        self.name = name
        self.fallback = fallback
        key = ContextKey(name)
    }
}
