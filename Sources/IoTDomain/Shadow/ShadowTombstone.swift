/// What stays of a deleted shadow: its version, so that a shadow of the same name continues from it.
package struct ShadowTombstone: Hashable, Sendable {
    package let version: Int
    package let deletedAtSeconds: Int64

    package init(version: Int, deletedAtSeconds: Int64) {
        self.version = version
        self.deletedAtSeconds = deletedAtSeconds
    }

    /// Whether the version is forgotten: more than 48 hours have passed (shadows.md section 7).
    package func isExpired(nowSeconds: Int64) -> Bool {
        nowSeconds > deletedAtSeconds + ShadowLimits.tombstoneSeconds
    }
}
