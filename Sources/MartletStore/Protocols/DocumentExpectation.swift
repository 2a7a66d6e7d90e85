/// What must be true of a document for a commit that names it to go through.
package enum DocumentExpectation: Hashable, Sendable {
    case any
    case absent
    case version(DocumentVersion)

    /// - Parameter version: the document's present version; nil when there is no document.
    package func holds(for version: DocumentVersion?) -> Bool {
        switch self {
        case .any: true
        case .absent: version == nil
        case .version(let expected): version == expected
        }
    }
}
