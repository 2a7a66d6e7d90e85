import MartletBase
import MartletStore
import Testing

@Suite("The document cache", .timeLimit(.minutes(1)))
struct DocumentCacheTests {
    private func document(_ version: Int64, _ name: String = "a") -> Document {
        Document(key: key(name), version: DocumentVersion(rawValue: version), body: body("v\(version)"))
    }

    private func put(_ version: Int64, _ name: String = "a") -> Change {
        Change(
            position: ChangePosition(rawValue: version), key: key(name), kind: .put(body("v\(version)")),
            version: DocumentVersion(rawValue: version))
    }

    private func delete(_ version: Int64) -> Change {
        Change(
            position: ChangePosition(rawValue: version + 1), key: key("a"), kind: .delete,
            version: DocumentVersion(rawValue: version))
    }

    /// One load during whose read `meanwhile` happens.
    private func load(
        _ cache: DocumentCache, _ store: GatedStore, finding read: Document?, meanwhile: () -> Void = {}
    ) async throws -> Document? {
        async let loaded = cache.load(key("a"))
        await store.readBegins()
        meanwhile()
        store.answer(.success(read))
        return try await loaded
    }

    @Test("what was loaded is a hit, an absent document too")
    func readThrough() async throws {
        for expected in [document(1), nil] {
            let store = GatedStore()
            let cache = DocumentCache(store: store)
            #expect(cache.cached(key("a")) == .miss)
            #expect(try await load(cache, store, finding: expected) == expected)
            #expect(cache.cached(key("a")) == .hit(expected))
            #expect(try await cache.load(key("a")) == expected)
            #expect(store.reads == 1)
        }
    }

    @Test("a change that is applied during a slow load wins over what the load had read")
    func slowLoad() async throws {
        let cases: [(read: Document?, change: Change, expected: Document?)] = [
            (document(1), put(2), document(2)),
            (nil, put(1), document(1)),
            (document(1), delete(1), nil),
            (document(3), put(2), document(3)),
        ]
        for (read, change, expected) in cases {
            let store = GatedStore()
            let cache = DocumentCache(store: store)
            #expect(try await load(cache, store, finding: read) { cache.apply(change) } == expected)
            #expect(cache.cached(key("a")) == .hit(expected))
        }
    }

    @Test("a change brings an entry up to date, and one that the entry is ahead of does not take it back")
    func changes() async throws {
        let store = GatedStore()
        let cache = DocumentCache(store: store)
        _ = try await load(cache, store, finding: document(3))
        cache.apply(put(2))
        #expect(cache.cached(key("a")) == .hit(document(3)))
        cache.apply(delete(2))
        #expect(cache.cached(key("a")) == .hit(document(3)))
        cache.apply(put(4))
        #expect(cache.cached(key("a")) == .hit(document(4)))
        cache.apply(delete(4))
        #expect(cache.cached(key("a")) == .hit(nil))
        cache.apply(put(5))
        #expect(cache.cached(key("a")) == .hit(document(5)))
        cache.apply(put(1, "b"))
        #expect(cache.cached(key("b")) == .miss)
    }

    @Test("a load that was under way when everything was forgotten reads again")
    func invalidated() async throws {
        let store = GatedStore()
        let cache = DocumentCache(store: store)
        async let loaded = cache.load(key("a"))
        await store.readBegins()
        cache.invalidateAll()
        store.answer(.success(document(1)))
        await store.readBegins()
        store.answer(.success(document(2)))
        #expect(try await loaded == document(2))
        cache.invalidateAll()
        #expect(cache.cached(key("a")) == .miss)
    }

    @Test("a failed load fails those who waited for it, and the next one reads again")
    func failure() async throws {
        let store = GatedStore()
        let cache = DocumentCache(store: store)
        let failing = Task { try await cache.load(key("a")) }
        await store.readBegins()
        store.answer(.failure(.unavailable(because: "test")))
        await #expect(throws: EngineError.unavailable(because: "test")) { try await failing.value }
        #expect(cache.cached(key("a")) == .miss)
        #expect(try await load(cache, store, finding: document(1)) == document(1))
    }

    @Test("it never holds more than its limits, and keeps what is in use")
    func limits() async throws {
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path) { store in
                _ = try await store.commit((0..<50).map { .put(key("n\($0)"), Array(repeating: 0, count: 100)) })
                let few = DocumentCache(store: store, limits: CacheLimits(documents: 8))
                let small = DocumentCache(store: store, limits: CacheLimits(bytes: 500))
                for number in 0..<50 {
                    _ = try await few.load(key("n\(number)"))
                    _ = try await small.load(key("n\(number)"))
                    #expect(few.cached(key("n0")) != .miss)
                    #expect(few.count <= 8)
                    #expect(small.count <= 4)
                }
                #expect(few.cached(key("n49")) != .miss)
                #expect(few.cached(key("n1")) == .miss)
                let none = DocumentCache(store: store, limits: CacheLimits(bytes: 10))
                #expect(try await none.load(key("n1"))?.body.count == 100)
                #expect(none.count == 0)
            }
        }
    }

    @Test(
        "random interleavings of loads and changes never show less than what was applied",
        arguments: [1, 2, 3] as [UInt64])
    func interleavings(_ seed: UInt64) async throws {
        var generator = SplitMix(state: seed)
        for _ in 0..<200 {
            let store = GatedStore()
            let cache = DocumentCache(store: store, limits: CacheLimits(documents: 2))
            var committed: Int64 = 1
            var applied: Int64 = 1
            for _ in 0..<8 {
                if cache.cached(key("a")) == .miss {
                    let commitsBefore = Int64.random(in: 0...2, using: &generator)
                    committed += commitsBefore
                    let read = Int64.random(in: applied...committed, using: &generator)
                    let until = Int64.random(in: applied...(committed + 2), using: &generator)
                    committed = max(committed, until)
                    let loaded = try await load(cache, store, finding: document(max(read, applied))) {
                        for version in applied..<max(applied, until) { cache.apply(put(version + 1)) }
                    }
                    applied = max(applied, until)
                    #expect((loaded?.version.rawValue ?? 0) >= applied)
                }
                committed += 1
                if Bool.random(using: &generator) {
                    for version in applied..<committed { cache.apply(put(version + 1)) }
                    applied = committed
                }
                if case .hit(let document) = cache.cached(key("a")) {
                    #expect((document?.version.rawValue ?? 0) >= applied)
                }
                if Bool.random(using: &generator) { cache.invalidateAll() }
            }
        }
    }
}
