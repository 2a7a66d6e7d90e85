/// What the embedded engine lets grow, and how far.
package struct StoreLimits: Hashable, Sendable {
    /// `store.keyBytes`: the length of one encoded key. Above it a commit is refused with `.tooLarge`.
    package var keyBytes = 8 * 1024
    /// `store.documentBytes`: the length of one body. Above it a commit is refused with `.tooLarge`.
    package var documentBytes = 4 * 1024 * 1024
    /// `store.commitWrites`: the writes of one commit. Above it the commit is refused with `.tooLarge`.
    package var commitWrites = 10_000
    /// `store.pendingCommits`: commits that wait for the writer. Above it a commit is refused with `.unavailable`.
    package var pendingCommits = 10_000
    /// `store.joinedCommits`: commits that share one transaction and its sync.
    package var joinedCommits = 1_000
    /// `changeFeed.keepRows`: changes that the feed keeps. Older ones are trimmed once no open feed needs them.
    package var keepRows = 100_000
    /// `changeFeed.hardRows`: changes that the feed keeps for an open feed that lags. Beyond it the feed is trimmed all
    /// the same, and the one that lags gets `.compacted`.
    package var hardRows = 1_000_000
    /// `changeFeed.pageRows`: changes that an open feed reads at a time.
    package var pageRows = 256
    /// `changeFeed.pageBytes`: bodies that an open feed reads at a time; a page ends with the change that passes it.
    package var pageBytes = 4 * 1024 * 1024
    /// `store.quickCheckBytes`: a database up to this size is checked page by page when it is opened. A larger one is
    /// not, so that a start stays quick; damage then shows when the page is read.
    package var quickCheckBytes = 64 * 1024 * 1024

    package init() {}
}
