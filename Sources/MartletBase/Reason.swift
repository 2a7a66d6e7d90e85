/// Why something was allowed, denied, dropped, closed or refused. A reason is a value with its evidence; the log, the
/// API, the command line and the console print the same one.
public protocol Reason: Sendable, CustomStringConvertible {
    /// A stable name that a person can search for and a script can compare: `queueFull`, `explicitDeny`.
    var code: String { get }
    /// What the decision was based on, in the order in which a person wants to read it.
    var evidence: [Evidence] { get }
}

/// One fact behind a decision, such as the limit that was reached or the statement that decided.
public struct Evidence: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: some CustomStringConvertible) {
        self.name = name
        self.value = value.description
    }
}

extension Reason {
    public var description: String {
        evidence.isEmpty ? code : code + " (" + evidence.map { "\($0.name): \($0.value)" }.joined(separator: ", ") + ")"
    }
}
