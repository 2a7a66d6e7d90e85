/// What the embedded engine has done since it was opened.
package struct StoreStatistics: Hashable, Sendable {
    /// Commits that were answered with a position.
    package var commits = 0
    /// Commits that were answered with `.conflict`.
    package var conflicts = 0
    /// Transactions that changed something. Each cost one sync, however many commits it joined.
    package var transactions = 0
    /// Transactions that failed, with all commits they had joined.
    package var failures = 0
}
