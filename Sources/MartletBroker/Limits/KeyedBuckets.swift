/// One rate for each of many things that come and go, such as retained topics. Those that have earned everything back
/// are forgotten when there are many, since a new bucket says the same.
package struct KeyedBuckets: Sendable {
    let limit: RateLimit
    /// Beyond so many in use within one second all are forgotten: then the account's own rate is what holds.
    let capacity: Int
    private var buckets: [UInt64: TokenBucket] = [:]

    package init(_ limit: RateLimit, capacity: Int = 65_536) {
        self.limit = limit
        self.capacity = capacity
    }

    /// - Parameter key: a seeded hash, so that clients cannot choose which things share a bucket.
    package mutating func take(_ key: UInt64, at now: UInt64) -> Bool {
        if buckets.count >= capacity, buckets[key] == nil { makeRoom(now) }
        return buckets[key, default: TokenBucket()].take(of: limit, at: now)
    }

    var count: Int { buckets.count }

    private mutating func makeRoom(_ now: UInt64) {
        buckets = buckets.filter { !$0.value.isFull(at: now) }
        if buckets.count >= capacity { buckets.removeAll() }
    }
}
