/// What one or more matches found, in memory that its owner uses again and again: after the first messages a match
/// allocates nothing.
///
/// `match` appends. A subscriber with overlapping filters appears once per filter; merging them is the broker's choice.
public struct SubscriptionMatches: Sendable {
    /// Ordinary subscriptions, in no particular order.
    public var entries: [SubscriptionEntry] = []
    /// Shared groups, each to be answered by one member: see `SubscriptionTable.members(ofGroup:)`. A group's number
    /// is valid until the next write to the table.
    public var groups: [UInt32] = []
    /// The nodes that the walk under way still has to look at.
    var frontier: [UInt32] = []

    public init() {}

    @inlinable
    public var isEmpty: Bool { entries.isEmpty && groups.isEmpty }

    @inlinable
    public mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
    }
}
