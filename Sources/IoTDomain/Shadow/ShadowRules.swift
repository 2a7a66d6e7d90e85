/// What an operator may set about shadows.
package struct ShadowRules: Hashable, Sendable {
    /// The limit of a stored document, counted as `ShadowLimits.documentBytes` says.
    package var documentBytes: Int
    /// False: an object without members is removed after a merge, and so is a parent that this leaves empty.
    package var keepsEmptyObjects: Bool

    package init(documentBytes: Int = ShadowLimits.documentBytes, keepsEmptyObjects: Bool = false) {
        self.documentBytes = documentBytes
        self.keepsEmptyObjects = keepsEmptyObjects
    }
}
