package import MartletBase

/// One part of a key. Parts of different types sort in the order of the cases here.
package enum KeyComponent: Hashable, Sendable {
    case account(AccountID)
    case kind(DocumentKind)
    case integer(Int64)
    /// Sorts by its UTF-8 bytes.
    case string(String)
}
