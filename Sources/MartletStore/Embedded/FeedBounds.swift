/// What the change feed reaches from and to.
struct FeedBounds: Hashable, Sendable {
    /// Changes up to here have been trimmed.
    var trimmed: ChangePosition
    /// The latest change.
    var last: ChangePosition
}
