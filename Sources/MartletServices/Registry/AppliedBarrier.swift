package import MartletStore

/// Waits until this node's caches and every event loop have a commit, so that what an API call returned is true for
/// the next packet (architecture.md "The life of an API call").
package protocol AppliedBarrier: Sendable {
    func applied(through position: ChangePosition) async throws
}

/// A node whose only reader of changes is one follower.
extension FeedFollower: AppliedBarrier {}
