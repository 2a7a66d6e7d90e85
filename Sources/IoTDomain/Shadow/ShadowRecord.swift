/// A shadow as it is stored: the outcome of its last change. It has all that publishing the change needs, but for the
/// answer to the one who asked, so a crash after the commit loses no delta.
package enum ShadowRecord: Hashable, Sendable {
    /// `previous` is nil when there was no shadow before. The token is that of the update.
    case updated(ShadowDocument, previous: ShadowDocument?, clientToken: String?)
    case deleted(ShadowTombstone, clientToken: String?)

    /// Nil when the shadow is deleted.
    package var document: ShadowDocument? {
        if case .updated(let document, _, _) = self { document } else { nil }
    }

    /// Nil when the shadow exists.
    package var tombstone: ShadowTombstone? { if case .deleted(let tombstone, _) = self { tombstone } else { nil } }

    /// The version of the document, or the last one of the deleted shadow.
    package var version: Int {
        switch self {
        case .updated(let document, _, _): document.version
        case .deleted(let tombstone, _): tombstone.version
        }
    }

    package var changedAtSeconds: Int64 {
        switch self {
        case .updated(let document, _, _): document.timestampSeconds
        case .deleted(let tombstone, _): tombstone.deletedAtSeconds
        }
    }

    /// Whether the record means nothing any more and can be removed: a tombstone past its 48 hours.
    package func isExpired(nowSeconds: Int64) -> Bool { tombstone?.isExpired(nowSeconds: nowSeconds) ?? false }
}
