import MartletBase
import MartletStore
import Synchronization
import Testing

@Suite("The feed follower", .timeLimit(.minutes(1)))
struct FeedFollowerTests {
    @Test("what a commit returned is true in the cache once its position has been applied")
    func applied() async throws {
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path) { store in
                let cache = DocumentCache(store: store)
                let follower = FeedFollower(
                    store: store, since: try await store.currentPosition(), onCompacted: { cache.invalidateAll() },
                    apply: { cache.apply($0) })
                let running = Task { try await follower.run() }
                _ = try await cache.load(key("a"))
                for number in 1...50 {
                    let position = try await store.commit([
                        .put(key("a"), body("\(number)")), .put(key("b"), body("\(number)")),
                    ])
                    try await follower.applied(through: position)
                    guard case .hit(let document) = cache.cached(key("a")) else {
                        Issue.record("the entry has gone")
                        return
                    }
                    #expect(text(document) == "\(number)")
                    #expect(follower.position == position)
                }
                running.cancel()
                try await running.value
            }
        }
    }

    @Test("it suspends until the change is applied, not only seen")
    func suspends() async throws {
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path) { store in
                let (gate, open) = AsyncStream.makeStream(of: Void.self)
                let isApplied = Mutex(false)
                let follower = FeedFollower(store: store, since: .start, onCompacted: {}) { _ in
                    for await _ in gate { break }
                    isApplied.withLock { $0 = true }
                }
                let running = Task { try await follower.run() }
                let position = try await store.commit([.put(key("a"), [])])
                async let waited: Void = follower.applied(through: position)
                #expect(follower.position == .start)
                open.yield()
                try await waited
                #expect(isApplied.withLock { $0 })
                running.cancel()
                try await running.value
            }
        }
    }

    @Test("who waits is let go when the waiting is cancelled, and when the follower stops")
    func letGo() async throws {
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path) { store in
                let follower = FeedFollower(store: store, since: .start, onCompacted: {}, apply: { _ in })
                let never = ChangePosition(rawValue: 1000)
                let impatient = Task { try await follower.applied(through: never) }
                impatient.cancel()
                await #expect(throws: CancellationError.self) { try await impatient.value }
                let running = Task { try await follower.run() }
                let patient = Task { try await follower.applied(through: never) }
                running.cancel()
                try await running.value
                await #expect(throws: EngineError.unavailable(because: "the change feed is no longer followed")) {
                    try await patient.value
                }
                try await follower.applied(through: .start)
            }
        }
    }

    @Test("one that is too far behind starts over and goes on from there")
    func compacted() async throws {
        var limits = StoreLimits()
        limits.keepRows = 3
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path, limits: limits) { store in
                for _ in 0..<20 { _ = try await store.commit([.put(key("a"), [])]) }
                let rebuilds = Mutex(0)
                let positions = Mutex<[Int64]>([])
                let follower = FeedFollower(
                    store: store, since: .start, onCompacted: { rebuilds.withLock { $0 += 1 } },
                    apply: { change in positions.withLock { $0.append(change.position.rawValue) } })
                let running = Task { try await follower.run() }
                try await follower.applied(through: ChangePosition(rawValue: 20))
                let position = try await store.commit([.put(key("a"), [])])
                try await follower.applied(through: position)
                #expect(rebuilds.withLock { $0 } == 1)
                #expect(positions.withLock { $0 } == [21])
                running.cancel()
                try await running.value
            }
        }
    }
}
