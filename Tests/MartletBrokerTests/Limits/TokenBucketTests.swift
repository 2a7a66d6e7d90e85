import Testing

@testable import MartletBroker

@Suite struct TokenBucketTests {
    private let second: UInt64 = 1_000_000_000

    @Test("a bucket gives a second's worth at once, not one more, and one again when it is earned", arguments: [1, 2, 7, 100, 3_000])
    func burst(_ rate: Int) throws {
        let limit = try #require(RateLimit(rate))
        var bucket = TokenBucket()
        let start = 5 * second
        let taken = (0..<rate + 1).count { _ in bucket.take(of: limit, at: start) }
        #expect(taken == rate)
        #expect(bucket.take(of: limit, at: start + limit.cost / 2) == false)
        #expect(bucket.take(of: limit, at: start + limit.cost) == true)
        #expect(bucket.take(of: limit, at: start + limit.cost) == false)
    }

    @Test("after a long pause there is a second's worth and no more")
    func pause() throws {
        let limit = try #require(RateLimit(10))
        var bucket = TokenBucket()
        #expect((0..<20).count { _ in bucket.take(of: limit, at: second) } == 10)
        #expect((0..<20).count { _ in bucket.take(of: limit, at: 100 * second) } == 10)
    }

    @Test("asking takes nothing, and what is refused takes nothing")
    func asking() throws {
        let limit = try #require(RateLimit(2))
        var bucket = TokenBucket()
        for _ in 0..<5 { #expect(bucket.has(2, of: limit, at: second)) }
        #expect(bucket.take(3, of: limit, at: second) == false)
        #expect(bucket.take(2, of: limit, at: second) == true)
    }

    @Test("a debt is over when it has been earned back down to what one second allows")
    func debt() throws {
        let limit = try #require(RateLimit(1_000))
        var bucket = TokenBucket()
        bucket.charge(1_000, of: limit, at: second)
        #expect(!bucket.isInDebt(at: second))
        bucket.charge(500, of: limit, at: second)
        #expect(bucket.isInDebt(at: second))
        #expect(bucket.isInDebt(at: second + second / 2 - 1))
        #expect(!bucket.isInDebt(at: second + second / 2))
    }

    @Test("no limit makes no rate and no bucket")
    func none() {
        #expect(RateLimit(nil) == nil)
        #expect(SharedTokenBucket(nil) == nil)
    }

    @Test("a shared bucket gives the rate once, however many threads take")
    func shared() async throws {
        let bucket = SharedTokenBucket(try #require(RateLimit(1_000)))
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { (0..<1_000).count { _ in bucket.take(at: 1_000_000_000) } } }
            return await group.reduce(0, +)
        }
        #expect(taken == 1_000)
    }

    @Test("buckets by key forget those that have earned everything back, and all when too many are in use")
    func keyed() throws {
        var buckets = KeyedBuckets(try #require(RateLimit(1)), capacity: 3)
        for key in 1...3 { #expect(buckets.take(UInt64(key), at: second) == true) }
        #expect(buckets.take(1, at: second) == false)
        #expect(buckets.take(4, at: 2 * second) == true)
        #expect(buckets.count == 1)
        for key in 5...6 { #expect(buckets.take(UInt64(key), at: 2 * second) == true) }
        #expect(buckets.take(7, at: 2 * second) == true)
        #expect(buckets.count == 1)
    }
}
