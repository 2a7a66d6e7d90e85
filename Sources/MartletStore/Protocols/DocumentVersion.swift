/// Rises by one with every put of a document. A document that is put again after its delete goes on counting for as
/// long as the change feed remembers the delete, so an old expectation does not hold by accident.
///
/// It is a token for compare-and-set. A version that an API shows (of a thing, a shadow, a policy) has rules of its own
/// and stands in the body.
package struct DocumentVersion: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// What the next put will make of this version.
    package var next: DocumentVersion { DocumentVersion(rawValue: rawValue + 1) }
    package var description: String { String(rawValue) }

    package static func < (one: DocumentVersion, other: DocumentVersion) -> Bool { one.rawValue < other.rawValue }
}
