/// One change of one document, as the change feed tells it.
package struct Change: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The new body.
        case put([UInt8])
        case delete
    }

    package let position: ChangePosition
    package let key: KeyBytes
    package let kind: Kind
    /// The version that was put, or the version that was deleted.
    package let version: DocumentVersion

    package init(position: ChangePosition, key: KeyBytes, kind: Kind, version: DocumentVersion) {
        self.position = position
        self.key = key
        self.kind = kind
        self.version = version
    }

    /// What the change left behind; nil after a delete.
    package var document: Document? {
        if case .put(let body) = kind { Document(key: key, version: version, body: body) } else { nil }
    }
}
