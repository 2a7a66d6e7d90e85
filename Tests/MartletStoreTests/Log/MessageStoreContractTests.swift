import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

/// What every message store does, whatever stands behind it.
@Suite("The contract of message stores")
struct MessageStoreContractTests {
    enum Engine: CaseIterable, Sendable {
        case memory, log, smallSegments

        func make(queues: QueueLimits = QueueLimits()) throws -> StoreHarness {
            switch self {
            case .memory:
                let store = MemoryMessageStore(syncsAtOnce: false, maxMessages: queues.maxMessages)
                return StoreHarness(store) { store.sync() }
            case .log: return try .log(on: MemoryLogDisk(), queues: queues)
            case .smallSegments: return try .log(on: MemoryLogDisk(), queues: queues, limits: StoreHarness.smallSegments)
            }
        }
    }

    @Test("Tickets rise by one for each loop, and each is reported once durable", arguments: Engine.allCases)
    func tickets(engine: Engine) throws {
        let harness = try engine.make()
        let number = harness.store.makeNumber()
        let first = harness.submit { $0.put(number, .client) { $0.writeString("a") } }
        let second = harness.submit { $0.put(number, .client) { $0.writeString("b") } }
        let other = harness.submit(from: 1) { $0.openQueue(harness.store.makeNumber()) }
        #expect(first.rawValue == 1 && second.rawValue == 2 && other.rawValue == 1)
        #expect(harness.store.waitingBytes > 0)
        #expect(harness.through() == .zero)
        harness.commit()
        #expect(harness.through() == second)
        #expect(harness.through(1) == other)
        #expect(harness.store.waitingBytes == 0)
        #expect(try harness.records() == [number: "1:b"])
    }

    @Test("A queue gives its entries in order, with what its subscription asked for", arguments: Engine.allCases)
    func queue(engine: Engine) throws {
        let harness = try engine.make()
        let queue = harness.openQueue()
        for index in 1...10 { harness.append("\(index)", to: queue, loop: index % 2, flags: UInt8(index)) }
        let page = try harness.page(queue)
        #expect(page.entries.map { String(buffer: $0.body) } == (1...10).map(String.init))
        #expect(page.entries.map(\.sequence) == Array(1...10))
        #expect(page.entries.map(\.flags) == Array(1...10))
        #expect(page.entries.allSatisfy { $0.subscriptionID == 7 && $0.queue == queue })
        #expect(page.coveredThrough == 10 && page.lastSequence == 10)
        #expect(try harness.texts(queue, after: 7) == ["8", "9", "10"])
        #expect(try harness.texts(queue, after: 10) == [])
    }

    @Test("A page ends at its limit, has at least one entry, and says how far it goes", arguments: Engine.allCases)
    func pages(engine: Engine) throws {
        let harness = try engine.make()
        let queue = harness.openQueue()
        for _ in 1...10 { harness.append("0123456789", to: queue) }
        var after: UInt64 = 0
        var sizes: [Int] = []
        while after < 10 {
            let page = try harness.page(queue, after: after, byteLimit: 25)
            #expect(page.lastSequence == 10)
            #expect(page.entries.first?.sequence == after + 1)
            sizes.append(page.entries.count)
            after = page.coveredThrough
        }
        #expect(sizes == [3, 3, 3, 1])
        #expect(try harness.page(queue, byteLimit: 0).entries.count == 1)
    }

    @Test("One message goes to many queues, and each settles it for itself", arguments: Engine.allCases)
    func fanOut(engine: Engine) throws {
        let harness = try engine.make()
        let queues = (0..<3).map { _ in harness.openQueue() }
        harness.append("all", to: queues[0], queues[1], queues[2])
        harness.append("one", to: queues[1])
        harness.write { $0.moveCursor(of: queues[0], to: QueueCursor(settledThrough: 1, sentThrough: 1)) }
        #expect(try harness.texts(queues[0]) == [])
        #expect(try harness.texts(queues[1]) == ["all", "one"])
        #expect(try harness.texts(queues[2]) == ["all"])
        harness.write { $0.endQueue(queues[1]) }
        #expect(try harness.texts(queues[2]) == ["all"])
        #expect(harness.store.queue(queues[1]) == nil)
        #expect(harness.store.statistics.queuedMessages == 1)
    }

    @Test("Cursors settle up to a sequence and out of turn", arguments: Engine.allCases)
    func cursor(engine: Engine) throws {
        let harness = try engine.make()
        let queue = harness.openQueue()
        for index in 1...6 { harness.append("\(index)", to: queue) }
        harness.write {
            $0.moveCursor(of: queue, to: QueueCursor(settledThrough: 2, sentThrough: 5, settledBeyond: [4]))
        }
        #expect(try harness.texts(queue) == ["3", "5", "6"])
        let state = try #require(harness.store.queue(queue))
        #expect(state.cursor == QueueCursor(settledThrough: 2, sentThrough: 5, settledBeyond: [4]))
        #expect(state.messageCount == 3 && state.lastSequence == 6 && state.byteCount == 3)
        harness.write { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: 6, sentThrough: 6)) }
        #expect(try harness.texts(queue) == [])
        harness.append("7", to: queue)
        #expect(try harness.page(queue).entries.map(\.sequence) == [7])
    }

    @Test("A follower is told of what its batch and later ones append, and reads what was before", arguments: Engine.allCases)
    func follow(engine: Engine) throws {
        let harness = try engine.make()
        let queue = harness.openQueue()
        harness.append("before", to: queue)
        harness.write(from: 1) { $0.follow(queue, as: 42) }
        harness.append("1", to: queue)
        harness.append("2", to: queue, loop: 1)
        harness.write(from: 1) { $0.unfollow(queue) }
        harness.append("after", to: queue)
        let told = harness.delivered(1)
        #expect(told.map { String(buffer: $0.body) } == ["1", "2"])
        #expect(told.map(\.sequence) == [2, 3])
        #expect(told.allSatisfy { $0.follower == 42 && $0.queue == queue && $0.subscriptionID == 7 })
        #expect(harness.delivered(0).isEmpty)
        #expect(try harness.texts(queue) == ["before", "1", "2", "after"])
    }

    @Test("Queues that are not there, or not any more, take nothing", arguments: Engine.allCases)
    func noQueue(engine: Engine) throws {
        let harness = try engine.make()
        let queue = harness.openQueue()
        harness.append("x", to: StoreNumber(999_999))
        harness.write { batch in
            batch.endQueue(queue)
            batch.append(to: [QueueTarget(queue: queue, subscriptionID: 0, flags: 0)]) { $0.writeString("late") }
        }
        harness.append("later", to: queue)
        #expect(try harness.texts(queue) == [])
        #expect(harness.store.statistics.queuedMessages == 0)
    }

    @Test("At its limit a queue drops the newest, and the loop is told how many", arguments: Engine.allCases)
    func limit(engine: Engine) throws {
        let harness = try engine.make(queues: QueueLimits(maxMessages: 3))
        let full = harness.openQueue()
        let other = harness.openQueue()
        for index in 1...5 { harness.append("\(index)", to: full, loop: 1) }
        harness.append("6", to: full, other)
        #expect(try harness.texts(full) == ["1", "2", "3"])
        #expect(try harness.texts(other) == ["6"])
        #expect(harness.dropped(1) == 2 && harness.dropped(0) == 1)
        harness.write { $0.moveCursor(of: full, to: QueueCursor(settledThrough: 1, sentThrough: 1)) }
        harness.append("7", to: full)
        #expect(try harness.page(full).entries.map(\.sequence) == [2, 3, 4], "a dropped message has no place")
    }

    @Test("Of two writes of a record the one with the higher revision stays, in whatever order they come", arguments: Engine.allCases)
    func revisions(engine: Engine) throws {
        let harness = try engine.make()
        let number = harness.store.makeNumber()
        harness.write { $0.put(number, .retained, revision: 5) { $0.writeString("five") } }
        harness.write(from: 1) { $0.put(number, .retained, revision: 4) { $0.writeString("four") } }
        #expect(try harness.records() == [number: "3:five"])
        harness.write { batch in
            batch.remove(number, revision: 7)
            batch.put(number, .retained, revision: 6) { $0.writeString("six") }
        }
        #expect(try harness.records() == [:])
        harness.write { $0.put(number, .retained, revision: 6) { $0.writeString("six again") } }
        #expect(try harness.records() == [:])
        harness.write { $0.put(number, .retained, revision: 8) { $0.writeString("eight") } }
        #expect(try harness.records() == [number: "3:eight"])
    }

    @Test("Numbers are never given twice", arguments: Engine.allCases)
    func numbers(engine: Engine) throws {
        let harness = try engine.make()
        let numbers = (0..<100).map { _ in harness.store.makeNumber() }
        #expect(Set(numbers).count == 100)
        #expect(!numbers.contains(.none))
    }
}
