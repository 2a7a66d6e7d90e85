import MartletBase
import MartletStore
import Testing

@Suite("What every document engine must do", .timeLimit(.minutes(1)))
struct DocumentStoreContractTests {
    @Test("a commit is visible to the next read", arguments: Engine.all)
    func visible(_ engine: Engine) async throws {
        try await engine.fresh { store in
            #expect(try await store.get(key("a")) == nil)
            _ = try await store.commit([.put(key("a"), body("one")), .put(key("empty"), [])])
            #expect(text(try await store.get(key("a"))) == "one")
            #expect(text(try await store.get(key("empty"))) == "")
            _ = try await store.commit([.delete(key("a"))])
            #expect(try await store.get(key("a")) == nil)
        }
    }

    @Test("a version rises by one with each put, and goes on after a delete", arguments: Engine.all)
    func versions(_ engine: Engine) async throws {
        try await engine.fresh { store in
            for expected in 1...3 {
                _ = try await store.commit([.put(key("a"), [])])
                #expect(try await store.get(key("a"))?.version.rawValue == Int64(expected))
            }
            _ = try await store.commit([.delete(key("a"))])
            _ = try await store.commit([.put(key("a"), [], expecting: .absent)])
            #expect(try await store.get(key("a"))?.version.rawValue == 4)
        }
    }

    @Test("a commit with one broken expectation does nothing at all", arguments: Engine.all)
    func allOrNothing(_ engine: Engine) async throws {
        try await engine.fresh { store in
            let before = try await store.commit([.put(key("there"), body("old"))])
            let one = DocumentVersion(rawValue: 1)
            let broken: [DocumentWrite] = [
                .put(key("there"), [], expecting: .absent),
                .put(key("there"), [], expecting: .version(one)),
                .delete(key("missing"), expecting: .version(one)),
                .check(key("missing"), .version(one)),
                .check(key("there"), .absent),
            ]
            for write in broken {
                await #expect(throws: EngineError.conflict(write.key)) {
                    try await store.commit([.put(key("other"), []), .put(key("there"), body("new")), write])
                }
            }
            await #expect(throws: EngineError.conflict(key("there"))) {
                try await store.commit([.put(key("there"), [], expecting: .version(one.next))])
            }
            #expect(try await store.get(key("other")) == nil)
            #expect(text(try await store.get(key("there"))) == "old")
            #expect(try await store.currentPosition() == before)
        }
    }

    @Test("expectations that hold let the commit through", arguments: Engine.all)
    func expectationsThatHold(_ engine: Engine) async throws {
        try await engine.fresh { store in
            let one = DocumentVersion(rawValue: 1)
            _ = try await store.commit([.put(key("a"), [], expecting: .absent)])
            _ = try await store.commit([
                .check(key("a"), .version(one)), .check(key("b"), .absent),
                .put(key("a"), body("2"), expecting: .version(one)), .put(key("b"), [], expecting: .absent),
            ])
            _ = try await store.commit([.delete(key("a"), expecting: .version(one.next))])
            #expect(try await store.get(key("a")) == nil)
        }
    }

    @Test(
        "what changes nothing makes no change: a check, a delete of what is absent, an empty commit",
        arguments: Engine.all)
    func nothingChanged(_ engine: Engine) async throws {
        try await engine.fresh { store in
            let before = try await store.commit([.put(key("a"), [])])
            #expect(try await store.commit([.delete(key("b")), .check(key("a"), .any)]) == before)
            #expect(try await store.commit([]) == before)
            #expect(try await store.currentPosition() == before)
        }
    }

    @Test("of many that race for one version, one wins", arguments: Engine.all)
    func race(_ engine: Engine) async throws {
        try await engine.fresh { store in
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for racer in 0..<20 {
                    group.addTask {
                        do {
                            _ = try await store.commit([.put(key("a"), body("\(racer)"), expecting: .absent)])
                            return true
                        } catch EngineError.conflict {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    @Test("a scan gives key order, in pages that join without gap or overlap", arguments: Engine.all)
    func scan(_ engine: Engine) async throws {
        try await engine.fresh { store in
            let names = (0..<25).map { "t\($0 * 7 % 25 + 100)" }
            _ = try await store.commit(names.map { .put(key($0), []) })
            var seen: [String] = []
            var after: KeyBytes?
            while true {
                let page = try await store.scan(prefix: KeySpace.all(.thing, in: .zero), after: after, limit: 10)
                seen += page.compactMap(\.key.lastString)
                after = page.last?.key
                if page.count < 10 { break }
            }
            #expect(seen == names.sorted())
            #expect(try await store.scan(prefix: .empty, after: nil, limit: 0).isEmpty)
            #expect(try await store.scan(prefix: .empty, after: nil, limit: 100).count == 25)
        }
    }

    @Test("a scan shows one account, whatever page token it is given", arguments: Engine.all)
    func isolation(_ engine: Engine) async throws {
        let accounts = ["111111111111", "111111111112", "211111111111"].compactMap { AccountID($0) }
        try await engine.fresh { store in
            for account in accounts { _ = try await store.commit([.put(KeySpace.thing(account, "pump"), [])]) }
            for account in accounts {
                let prefix = KeySpace.account(account)
                for after in [nil, KeyBytes.empty, KeyBytes(bytes: [0]), KeySpace.account(accounts[0])] {
                    let found = try await store.scan(prefix: prefix, after: after, limit: 10)
                    #expect(found.map(\.key) == [KeySpace.thing(account, "pump")])
                }
                let beyond = try await store.scan(prefix: prefix, after: KeyBytes(bytes: [0xFF]), limit: 10)
                #expect(beyond.isEmpty)
            }
        }
    }

    @Test("the feed has every change in order, from any position", arguments: Engine.all)
    func feed(_ engine: Engine) async throws {
        try await engine.fresh { store in
            for number in 1...9 {
                _ = try await store.commit([.put(key("a"), body("\(number)")), .put(key("n\(number)"), [])])
            }
            let last = try await store.commit([.delete(key("a"))])
            let all = try await first(19, of: store, since: .start)
            #expect(all.map(\.position.rawValue) == Array(1...19))
            #expect(
                all.last == Change(position: last, key: key("a"), kind: .delete, version: DocumentVersion(rawValue: 9)))
            for since in 0..<19 {
                let position = ChangePosition(rawValue: Int64(since))
                #expect(try await first(19 - since, of: store, since: position) == Array(all[since...]))
            }
            let ofOne = try await first(10, of: store, since: .start, prefix: key("a"))
            #expect(ofOne == all.filter { $0.key == key("a") })
        }
    }

    @Test("an open feed is woken by a commit", arguments: Engine.all)
    func live(_ engine: Engine) async throws {
        try await engine.fresh { store in
            var feed = store.changes(prefix: .empty, since: .start).makeAsyncIterator()
            for number in 1...20 {
                async let committed = store.commit([.put(key("a"), body("\(number)"))])
                let change = try await feed.next()
                let position = try await committed
                #expect(change?.position == position)
                #expect(text(change?.document) == "\(number)")
            }
        }
    }

    @Test("a feed ends quietly when its reader is cancelled", arguments: Engine.all)
    func cancelled(_ engine: Engine) async throws {
        try await engine.fresh { store in
            let (started, starting) = AsyncStream.makeStream(of: Void.self)
            let reader = Task {
                var count = 0
                for try await _ in store.changes(prefix: .empty, since: .start) {
                    count += 1
                    starting.yield()
                }
                return count
            }
            _ = try await store.commit([.put(key("a"), [])])
            var starts = started.makeAsyncIterator()
            await starts.next()
            reader.cancel()
            #expect(try await reader.value == 1)
        }
    }

    @Test("documents, versions, positions and the feed are there after a reopen", arguments: Engine.all)
    func reopen(_ engine: Engine) async throws {
        try await withTemporaryDirectory { path in
            try await engine.run(path) { store in
                _ = try await store.commit([.put(key("a"), body("1")), .put(key("b"), [])])
                _ = try await store.commit([.put(key("a"), body("2")), .delete(key("b"))])
            }
            try await engine.run(path) { store in
                let position = try await store.currentPosition()
                #expect(position.rawValue == 4)
                #expect(text(try await store.get(key("a"))) == "2")
                #expect(try await store.commit([.put(key("b"), [], expecting: .absent)]).rawValue == 5)
                #expect(try await store.get(key("b"))?.version.rawValue == 2)
                #expect(try await first(5, of: store, since: .start).map(\.position.rawValue) == Array(1...5))
            }
        }
    }

    @Test("a reader from beyond the end of the feed is told to rebuild", arguments: Engine.all)
    func beyondTheEnd(_ engine: Engine) async throws {
        try await engine.fresh { store in
            _ = try await store.commit([.put(key("a"), [])])
            await #expect(throws: EngineError.compacted(oldest: .start)) {
                try await first(1, of: store, since: ChangePosition(rawValue: 7))
            }
        }
    }
}
