import MartletBroker

/// The table's operations with strings in place of bytes.
extension SubscriptionTable {
    @discardableResult
    func insert(_ filter: String, _ entry: SubscriptionEntry) -> SubscriptionEntry? {
        filter.withBytes { insert(filter: $0, entry) }
    }

    @discardableResult
    func remove(_ filter: String, loop: UInt16 = 0, _ subscriber: UInt32) -> Bool {
        filter.withBytes { remove(filter: $0, loop: loop, subscriber: subscriber) }
    }

    @discardableResult
    func insertShared(_ group: String, _ filter: String, _ entry: SubscriptionEntry) -> SubscriptionEntry? {
        group.withBytes { group in filter.withBytes { insertShared(group: group, filter: $0, entry) } }
    }

    @discardableResult
    func removeShared(_ group: String, _ filter: String, loop: UInt16 = 0, _ subscriber: UInt32) -> Bool {
        group.withBytes { group in
            filter.withBytes { removeShared(group: group, filter: $0, loop: loop, subscriber: subscriber) }
        }
    }

    func matches(_ topic: String) -> SubscriptionMatches {
        var matches = SubscriptionMatches()
        topic.withBytes { match($0, into: &matches) }
        return matches
    }

    /// The matching subscribers, sorted.
    func subscribers(of topic: String) -> [UInt32] {
        matches(topic).entries.map(\.subscriber).sorted()
    }
}

extension SubscriptionEntry {
    static func number(_ subscriber: UInt32, loop: UInt16 = 0, generation: UInt32 = 1, qos: UInt8 = 0) -> Self {
        SubscriptionEntry(subscriber: subscriber, loop: loop, generation: generation, options: .init(qos: qos))
    }
}
