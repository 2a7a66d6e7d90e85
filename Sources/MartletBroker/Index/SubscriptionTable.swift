/// The subscription index of one account: which entries want a topic.
///
/// ```
/// filters without wildcards    exactTopics: hash of the topic -> ExactRecord
/// filters with wildcards       a trie of levels: children: (node, hash of the level) -> TrieNode
///                              `+` is a field of the node, `#` a list inside it
/// everything                   blocks of one arena, named by 32-bit offsets
/// ```
///
/// An exact topic, by far the most common filter, costs one lookup whatever its depth. The trie is walked level by
/// level with a queue, not by recursion, since a topic may have 65,535 levels. Topics are bytes and are compared
/// bytewise.
///
/// Filters come in checked. A `+` or `#` where MQTT does not allow a wildcard is an ordinary character here. Not
/// thread-safe: `SubscriptionIndex` guards it. Reading changes nothing, so several threads may read at once.
public final class SubscriptionTable {
    /// Whether `a/#` matches `a`: true by OASIS [MQTT 5 section 4.7.1.2], false at AWS (mqtt-broker.md section 9).
    public let multiLevelMatchesParent: Bool
    /// Entries, members of shared groups included.
    public internal(set) var subscriptionCount = 0
    /// Shared groups that have members.
    public internal(set) var groupCount = 0

    let hasher: TopicHasher
    var arena = Arena()
    var exactTopics = SlotTable()
    var children = SlotTable()
    /// (list, subscriber) -> position in the list, for long lists only.
    var positions = SlotTable()
    var root: UInt32 = 0

    /// `seed` must differ from process to process, else clients can prepare colliding topics.
    public init(seed: UInt64, multiLevelMatchesParent: Bool = true) {
        hasher = TopicHasher(seed: seed)
        self.multiLevelMatchesParent = multiLevelMatchesParent
        root = makeRoot()
    }

    /// Filters without wildcards plus levels of filters with wildcards. 0 when empty.
    public internal(set) var nodeCount = 0

    /// What the table costs in resident memory, in bytes.
    public var memoryBytes: Int {
        arena.touchedBytes + exactTopics.bytes + children.bytes + positions.bytes
    }

    /// Adds an entry. The same subscriber's entry under the same filter is replaced and returned [MQTT-3.8.4-3].
    @discardableResult
    public func insert(filter: UnsafeRawBufferPointer, _ entry: SubscriptionEntry) -> SubscriptionEntry? {
        let list = makePlace(filter).list
        if let position = position(in: list, of: entry.subscriber, on: entry.loop) {
            return exchange(list, position, entry)
        }
        append(entry, to: list)
        return nil
    }

    /// Whether there was such an entry.
    @discardableResult
    public func remove(filter: UnsafeRawBufferPointer, loop: UInt16, subscriber: UInt32) -> Bool {
        guard let place = findPlace(filter), let position = position(in: place.list, of: subscriber, on: loop)
        else { return false }
        removeUnordered(place.list, position)
        releaseIfUnused(place)
        return true
    }

    /// Changes an entry in place. `change` leaves `subscriber` and `loop` as they are. Whether there was such an entry.
    @discardableResult
    public func update(
        filter: UnsafeRawBufferPointer, loop: UInt16, subscriber: UInt32, _ change: (inout SubscriptionEntry) -> Void
    ) -> Bool {
        guard let place = findPlace(filter), let position = position(in: place.list, of: subscriber, on: loop)
        else { return false }
        change(&entries(list(place.list).pointee.block)[Int(position)])
        return true
    }

    /// Where a filter's subscribers are: the list, and the record or node that holds it.
    struct Place {
        var owner: UInt32
        var list: UInt32
        var isExact: Bool
    }

    func findPlace(_ filter: UnsafeRawBufferPointer) -> Place? {
        filter.hasWildcard ? findInTrie(filter) : findExact(filter)
    }

    func makePlace(_ filter: UnsafeRawBufferPointer) -> Place {
        filter.hasWildcard ? makeInTrie(filter) : makeExact(filter)
    }

    /// Gives back the record or the branch that nobody uses any more, and all memory after the last.
    func releaseIfUnused(_ place: Place) {
        if place.isExact { releaseExact(place.owner) } else { prune(place.owner) }
        if subscriptionCount == 0 {
            arena.reset()
            root = makeRoot()
        }
    }
}
