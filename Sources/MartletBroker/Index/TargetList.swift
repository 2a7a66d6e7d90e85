/// The subscribers of one filter, 16 bytes inside the filter's record: a block of entries in the arena and the first of
/// its shared groups. A list is named by the arena offset of this header.
struct TargetList {
    /// A list longer than this has its entries' positions in a hash table, so that a filter with 100,000 subscribers
    /// does not cost 100,000 compares per SUBSCRIBE.
    static let longestUnindexed: UInt32 = 32

    var block: UInt32 = 0
    var count: UInt32 = 0
    var groups: UInt32 = 0
    /// The block holds 2 to the power of this entries.
    var capacityExponent: UInt8 = 0
    var isIndexed = false

    var isEmpty: Bool { count == 0 && groups == 0 }
    var capacity: UInt32 { block == 0 ? 0 : 1 << UInt32(capacityExponent) }
    var blockBytes: Int { MemoryLayout<SubscriptionEntry>.stride << Int(capacityExponent) }
}

/// A filter without wildcards. Its text follows in the same arena block.
struct ExactRecord {
    var targets = TargetList()
    var length: UInt16

    static let headerBytes = MemoryLayout<ExactRecord>.size
}

/// One level of the filters with wildcards. Its text follows in the same arena block.
struct TrieNode {
    /// Filters that end at this level.
    var here = TargetList()
    var length: UInt16
    /// Filters that go on with `#`.
    var below = TargetList()
    var parent: UInt32
    /// The child for `+`, 0 for none. Other children are found by (this node, level) in the children table.
    var plus: UInt32 = 0
    var literalChildren: UInt32 = 0

    static let headerBytes = MemoryLayout<TrieNode>.size
    /// From the node's offset to that of its `below` list, in arena units.
    static let belowUnits = UInt32(MemoryLayout<TrieNode>.offset(of: \.below)! / Arena.unitBytes)

    var isUnused: Bool { here.isEmpty && below.isEmpty && plus == 0 && literalChildren == 0 }
}

/// A shared subscription's group: share name and filter [MQTT-4.8.2-1]. Its name follows in the same arena block.
struct SharedGroup {
    /// The members in the order in which they joined. `groups` inside is not used.
    var members = TargetList()
    var nameLength: UInt16
    /// The next group of the same filter, 0 for none.
    var next: UInt32
    /// The number of the group's queue in the message store, in two halves since the arena knows no 8-byte alignment;
    /// 0 for none.
    var queueLow: UInt32 = 0
    var queueHigh: UInt32 = 0

    static let headerBytes = MemoryLayout<SharedGroup>.size
}
