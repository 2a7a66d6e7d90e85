import MartletBase
import MartletStore
import Testing

@Suite("The embedded document engine", .timeLimit(.minutes(1)))
struct EmbeddedDocumentStoreTests {
    @Test("commits that come together share transactions, and a conflict among them fails alone")
    func groupCommit() async throws {
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path) { store in
                _ = try await store.commit([.put(key("taken"), body("first"))])
                let before = store.statistics
                let positions = await withTaskGroup(of: ChangePosition?.self) { group in
                    for number in 0..<400 {
                        let write: DocumentWrite =
                            number % 100 == 50
                            ? .put(key("taken"), body("late"), expecting: .absent) : .put(key("n\(number)"), [])
                        group.addTask { try? await store.commit([.put(key("side\(number)"), []), write]) }
                    }
                    return await group.reduce(into: [ChangePosition]()) { all, one in one.map { all.append($0) } }
                }
                let after = store.statistics
                #expect(after.commits - before.commits == 396)
                #expect(after.conflicts == 4)
                #expect(after.transactions - before.transactions < 200, "\(after.transactions) for 400 commits")
                #expect(Set(positions).count == 396)
                #expect(text(try await store.get(key("taken"))) == "first")
                #expect(try await store.get(key("side50")) == nil)
                let feed = try await first(793, of: store, since: .start)
                #expect(feed.map(\.position.rawValue) == Array(1...793))
            }
        }
    }

    @Test("the feed is trimmed to its limit, and a reader from before that is told where it now begins")
    func compaction() async throws {
        var limits = StoreLimits()
        limits.keepRows = 10
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path, limits: limits) { store in
                for number in 1...30 { _ = try await store.commit([.put(key("n\(number)"), [])]) }
                let oldest = ChangePosition(rawValue: 20)
                await #expect(throws: EngineError.compacted(oldest: oldest)) {
                    try await first(1, of: store, since: ChangePosition(rawValue: 19))
                }
                #expect(try await first(10, of: store, since: oldest).first?.position.rawValue == 21)
            }
            try await withEmbeddedStore(at: path, limits: limits) { store in
                await #expect(throws: EngineError.compacted(oldest: ChangePosition(rawValue: 20))) {
                    try await first(1, of: store, since: .start)
                }
                let position = try await store.commit([.put(key("a"), [])])
                #expect(position.rawValue == 31)
            }
        }
    }

    @Test("an open feed that lags is waited for, up to the hard limit")
    func holds() async throws {
        var limits = StoreLimits()
        limits.keepRows = 5
        limits.hardRows = 40
        limits.pageRows = 2
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path, limits: limits) { [limits] store in
                _ = try await store.commit([.put(key("a"), [])])
                var feed = store.changes(prefix: .empty, since: .start).makeAsyncIterator()
                #expect(try await feed.next()?.position.rawValue == 1)
                for _ in 2...30 { _ = try await store.commit([.put(key("a"), [])]) }
                for position in 2...5 { #expect(try await feed.next()?.position.rawValue == Int64(position)) }
                for _ in 0..<60 { _ = try await store.commit([.put(key("a"), [])]) }
                let last = try await store.currentPosition().rawValue
                let oldest = ChangePosition(rawValue: last - Int64(limits.hardRows))
                await #expect(throws: EngineError.compacted(oldest: oldest)) {
                    while try await feed.next() != nil {}
                }
            }
        }
    }

    @Test("a feed that was closed is waited for no longer")
    func closedFeed() async throws {
        var limits = StoreLimits()
        limits.keepRows = 5
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path, limits: limits) { store in
                _ = try await store.commit([.put(key("a"), [])])
                _ = try await first(1, of: store, since: .start)
                for _ in 0..<20 { _ = try await store.commit([.put(key("a"), [])]) }
                await #expect(throws: EngineError.compacted(oldest: ChangePosition(rawValue: 16))) {
                    try await first(1, of: store, since: .start)
                }
            }
        }
    }

    @Test("what is above a limit is refused by the limit's name")
    func tooLarge() async throws {
        var limits = StoreLimits()
        limits.keyBytes = 40
        limits.documentBytes = 10
        limits.commitWrites = 3
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path, limits: limits) { store in
                _ = try await store.commit([.put(key("a"), Array(repeating: 1, count: 10))])
                await #expect(throws: EngineError.tooLarge(limit: "store.documentBytes", maximum: 10)) {
                    try await store.commit([.put(key("a"), Array(repeating: 1, count: 11))])
                }
                await #expect(throws: EngineError.tooLarge(limit: "store.keyBytes", maximum: 40)) {
                    try await store.commit([.put(key(String(repeating: "a", count: 40)), [])])
                }
                await #expect(throws: EngineError.tooLarge(limit: "store.commitWrites", maximum: 3)) {
                    try await store.commit((0..<4).map { .put(key("\($0)"), []) })
                }
            }
        }
    }

    @Test("above the limit of waiting commits one is refused")
    func overload() async throws {
        var limits = StoreLimits()
        limits.pendingCommits = 0
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path, limits: limits) { store in
                await #expect(
                    throws: EngineError.unavailable(because: "0 commits are waiting (store.pendingCommits)")
                ) { try await store.commit([.put(key("a"), [])]) }
            }
        }
    }

    @Test("a closed store refuses everything and ends its feeds")
    func closed() async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory.open(path)
            let store = try EmbeddedDocumentStore.open(in: directory)
            let position = try await store.commit([.put(key("a"), [])])
            let feed = Task { try await first(1, of: store, since: position) }
            await store.close()
            await #expect(throws: EngineError.unavailable(because: "the store is closed")) {
                try await store.commit([.put(key("a"), [])])
            }
            await #expect(throws: EngineError.self) { try await store.get(key("a")) }
            await #expect(throws: EngineError.self) { try await feed.value }
        }
    }

    @Test("an error names its code and its evidence")
    func reasons() {
        #expect(EngineError.conflict(key("pump7")).description == "documentConflict (key: 000000000000/thing/pump7)")
        #expect(
            EngineError.compacted(oldest: ChangePosition(rawValue: 3)).description == "changesCompacted (oldest: 3)")
    }
}
