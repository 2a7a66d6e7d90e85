import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletStore

@Suite("What the log has after a restart")
struct LogRecoveryTests {
    @Test("CRC-32C has the values of RFC 3720 B.4")
    func checksum() {
        let crc = CRC32C()
        func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { crc.checksum($0) } }
        #expect(of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(of(Array(0..<32)) == 0x46DD_794E)
        #expect(of(Array("123456789".utf8)) == 0xE306_9283)
        #expect(of([]) == 0)
    }

    @Test("Records, queues, cursors and numbers come back, in segments of any size", arguments: [2048, 1 << 20])
    func reopen(segmentBytes: Int) throws {
        var limits = StoreHarness.smallSegments
        limits.segmentBytes = segmentBytes
        let disk = MemoryLogDisk()
        let first = try StoreHarness.log(on: disk, limits: limits)
        let queue = first.openQueue()
        let ended = first.openQueue()
        for index in 1...100 { first.append("\(index)", to: queue, ended) }
        first.write { $0.endQueue(ended) }
        first.write { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: 90, sentThrough: 95, settledBeyond: [92, 94])) }
        let number = first.store.makeNumber()
        first.write { $0.put(number, .subscription) { $0.writeString("old") } }
        first.write { $0.put(number, .subscription) { $0.writeString("new") } }
        let gone = first.store.makeNumber()
        first.write { $0.put(gone, .client) { $0.writeString("x") } }
        first.write { $0.remove(gone) }

        let second = try StoreHarness.log(on: disk.afterKill(), limits: limits)
        #expect(try second.texts(queue) == ["91", "93", "95", "96", "97", "98", "99", "100"])
        #expect(second.store.queue(queue)?.cursor == QueueCursor(settledThrough: 90, sentThrough: 95, settledBeyond: [92, 94]))
        #expect(second.store.queue(ended) == nil)
        #expect(try second.records() == [number: "2:new"])
        #expect(second.store.makeNumber() > gone)
        second.append("101", to: queue)
        #expect(try second.page(queue).entries.last?.sequence == 101)
    }

    @Test("Everything settled and reopened: the next message has the next sequence")
    func settledQueue() throws {
        let disk = MemoryLogDisk()
        let first = try StoreHarness.log(on: disk)
        let queue = first.openQueue()
        for index in 1...3 { first.append("\(index)", to: queue) }
        first.write { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: 1, sentThrough: 3, settledBeyond: [3])) }
        let second = try StoreHarness.log(on: disk.afterKill())
        second.append("4", to: queue)
        #expect(try second.page(queue).entries.map(\.sequence) == [2, 4])
    }

    @Test("A log that ends anywhere in its last group has all before it and opens again")
    func torn() throws {
        var limits = LogLimits()
        limits.segmentBytes = 4096
        let disk = MemoryLogDisk()
        let first = try StoreHarness.log(on: disk, limits: limits)
        let queue = first.openQueue()
        first.append("whole", to: queue)
        let name = SegmentHeader.fileName(1)
        let before = try #require(disk.bytes(of: name))
        first.append("the last one", to: queue)
        let after = try #require(disk.bytes(of: name))
        let changed = after.indices.filter { before[$0] != after[$0] }
        for cut in (try #require(changed.first))...(try #require(changed.last)) {
            let torn = disk.afterKill()
            torn.damage(name) { bytes in
                for index in cut..<bytes.count { bytes[index] = 0 }
            }
            let second = try StoreHarness.log(on: torn, limits: limits)
            #expect(try second.texts(queue) == ["whole"])
            second.append("next", to: queue)
            // What was torn is no longer the newest: it must not look like damage.
            let third = try StoreHarness.log(on: torn.afterKill(), limits: limits)
            #expect(try third.texts(queue) == ["whole", "next"])
        }
    }

    @Test("Damage in an older segment is refused with its place, and nothing is touched")
    func damage() throws {
        let disk = MemoryLogDisk()
        let first = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        let queue = first.openQueue()
        for index in 1...200 { first.append("message \(index)", to: queue) }
        let name = SegmentHeader.fileName(2)
        disk.damage(name) { $0[500] ^= 1 }
        let before = disk.bytes(of: name)
        do {
            _ = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
            Issue.record("opened")
        } catch StoreFailure.corrupt(let file, let offset, _) {
            #expect(file == name && (SegmentHeader.byteCount...500).contains(offset))
        }
        #expect(disk.bytes(of: name) == before)
    }

    @Test("A newer format is refused, and a segment that was made and not written to is no harm")
    func formats() throws {
        let disk = MemoryLogDisk()
        let first = try StoreHarness.log(on: disk)
        let queue = first.openQueue()
        first.append("x", to: queue)
        let unwritten = disk.afterKill()
        _ = try unwritten.create(SegmentHeader.fileName(2), byteCount: 4096)
        #expect(try StoreHarness.log(on: unwritten).texts(queue) == ["x"])
        disk.damage(SegmentHeader.fileName(1)) { $0[8] = 9 }
        #expect(throws: StoreFailure.newerFormat(file: SegmentHeader.fileName(1), found: 9, supported: 2)) {
            _ = try StoreHarness.log(on: disk)
        }
    }

    @Test("What a failed write, sync or create has kept from the disk is written elsewhere when the disk works again", arguments: ["write", "sync", "create"], 0...3)
    func failure(operation: String, after count: Int) throws {
        let disk = MemoryLogDisk()
        let harness = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        let queue = harness.openQueue()
        harness.append("durable", to: queue)
        let durable = harness.through()
        disk.fail(operation, after: count)
        let texts = (0..<20).map { "\($0)" + String(repeating: "x", count: 700) }
        for text in texts { harness.append(text, to: queue) }
        guard case .stalled(.disk(let failed, _, _)) = harness.condition() else {
            Issue.record("not stalled")
            return
        }
        #expect(failed == operation)
        #expect(harness.through() >= durable && harness.through().rawValue < durable.rawValue + 20)
        #expect(harness.store.waitingBytes > 0)
        let toldSoFar = Array(texts.prefix(Int(harness.through().rawValue - durable.rawValue)))
        #expect(try harness.texts(queue) == ["durable"] + toldSoFar)
        // Trying again does not help yet, and costs nothing that stays.
        for _ in 0..<5 {
            harness.store.retry()
            harness.commit()
        }
        #expect(harness.condition().isStalled)
        #expect(try disk.fileNames().count <= 14)
        disk.mend()
        harness.store.retry()
        harness.commit()
        #expect(harness.condition() == .working && harness.store.waitingBytes == 0)
        #expect(harness.through().rawValue == durable.rawValue + 20)
        #expect(try harness.texts(queue) == ["durable"] + texts)
        let after = try StoreHarness.log(on: disk.afterPowerLoss(SeededRandomSource(seed: 1)))
        #expect(try after.texts(queue) == ["durable"] + texts)
    }

    @Test("A disk without room for another segment is full, not stalled: what ends something is still written, and room comes back")
    func full() throws {
        let disk = MemoryLogDisk()
        var limits = LogLimits()
        limits.segmentBytes = 64 << 10
        limits.cleaningSliceBytes = 16 << 10
        limits.maxBytes = 20 * limits.segmentBytes
        let harness = try StoreHarness.log(on: disk, limits: limits)
        let queue = harness.openQueue()
        var appended: UInt64 = 0
        while harness.condition() == .working, appended < 1_000 {
            appended += 1
            harness.append("\(appended)" + String(repeating: "x", count: 3_000), to: queue)
        }
        guard case .full(.full(let limit, let maximum)) = harness.condition() else {
            Issue.record("not full")
            return
        }
        #expect(limit == "store.maxBytes" && maximum == limits.maxBytes)
        #expect(harness.through().rawValue == appended + 1)
        #expect(harness.store.statistics.totalBytes <= maximum)
        #expect(try harness.texts(queue).count == Int(appended))
        var settled: UInt64 = 0
        while harness.condition() != .working, settled < appended {
            settled += 1
            harness.write { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: settled, sentThrough: settled)) }
            harness.store.retry()
            harness.commit()
        }
        #expect(harness.condition() == .working && settled < appended)
        #expect(try harness.texts(queue).count == Int(appended - settled))
        #expect(try StoreHarness.log(on: disk.afterKill(), limits: limits).texts(queue).count == Int(appended - settled))
    }

    @Test("What a group settles makes room for what comes after it in the same group")
    func roomInOneGroup() throws {
        let harness = try StoreHarness.log(on: MemoryLogDisk(), queues: QueueLimits(maxMessages: 3))
        let queue = harness.openQueue()
        let target = [QueueTarget(queue: queue, subscriptionID: 0, flags: 0)]
        for index in 1...3 { harness.append("\(index)", to: queue) }
        harness.submit { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: 2, sentThrough: 3)) }
        harness.submit(from: 1) { batch in
            for index in 4...6 { batch.append(to: target) { $0.writeString("\(index)") } }
        }
        harness.submit { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: 3, sentThrough: 3)) }
        harness.submit(from: 1) { batch in batch.append(to: target) { $0.writeString("7") } }
        harness.commit()
        #expect(try harness.texts(queue) == ["4", "5", "7"])
        #expect(harness.dropped(1) == 1)
        for index in 8...10 { harness.append("\(index)", to: queue) }
        #expect(try harness.texts(queue) == ["4", "5", "7"], "the limit holds in the next group too")
    }

    @Test("What nobody waits for is written at once and synced with what somebody does; a kill does not lose it")
    func notAwaited() throws {
        let disk = MemoryLogDisk()
        let harness = try StoreHarness.log(on: disk)
        let first = harness.store.makeNumber()
        let second = harness.store.makeNumber()
        harness.submit { $0.put(first, .client) { $0.writeString("awaited") } }
        harness.commit()
        let syncs = disk.syncCount
        let ticket = harness.submit(isAwaited: false) { $0.put(second, .client) { $0.writeString("not") } }
        harness.submit(isAwaited: false) { $0.put(first, .client) { $0.writeString("newer") } }
        harness.commit()
        #expect(disk.syncCount == syncs && harness.through() < ticket)
        #expect(try harness.records() == [first: "1:awaited"], "readers see what is durable")
        #expect(try StoreHarness.log(on: disk.afterKill()).records() == [first: "1:newer", second: "1:not"])
        let last = harness.submit(from: 1) { _ in }
        harness.commit()
        #expect(disk.syncCount == syncs + 1)
        #expect(harness.through().rawValue == ticket.rawValue + 1 && harness.through(1) == last)
        #expect(try harness.records() == [first: "1:newer", second: "1:not"])
    }

    @Test("Cleaning never puts an old copy behind a newer record that nobody waited for", arguments: 1...20 as ClosedRange<UInt64>)
    func cleaningAndNotAwaited(seed: UInt64) throws {
        var random = SeededRandomSource(seed: seed).generator()
        let disk = MemoryLogDisk()
        let harness = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        let numbers = (0..<10).map { _ in harness.store.makeNumber() }
        var expected: [StoreNumber: String] = [:]
        for index in 0..<2_000 {
            let number = numbers.randomElement(using: &random)!
            let isAwaited = Int.random(in: 0..<20, using: &random) == 0
            harness.submit(isAwaited: isAwaited) { $0.put(number, .client) { $0.writeString("value \(index)") } }
            expected[number] = "1:value \(index)"
            if Bool.random(using: &random) { harness.commit() }
        }
        harness.commit()
        #expect(harness.store.statistics.cleanedSegments > 3)
        #expect(try StoreHarness.log(on: disk.afterKill(), limits: StoreHarness.smallSegments).records() == expected)
    }

    @Test("A message larger than a segment has one of its own size")
    func largeMessage() throws {
        let disk = MemoryLogDisk()
        let harness = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        let queue = harness.openQueue()
        let text = String(repeating: "y", count: 10_000)
        harness.append(text, to: queue)
        harness.append("small", to: queue)
        #expect(try harness.texts(queue) == [text, "small"])
        #expect(try StoreHarness.log(on: disk.afterKill(), limits: StoreHarness.smallSegments).texts(queue) == [text, "small"])
    }

    @Test("On a real disk: written, closed, opened")
    func realDisk() async throws {
        try await MartletTesting.withTemporaryDirectory { path in
            let number: StoreNumber
            do {
                let store = try EmbeddedMessageStore.open(directory: path + "/messages")
                let harness = StoreHarness(store)
                number = store.makeNumber()
                harness.submit { $0.put(number, .client) { $0.writeString("kept") } }
                await store.close()
                #expect(harness.through().rawValue == 1 && harness.failure() == nil)
                harness.submit { $0.remove(number) }
                #expect(harness.failure() == .closed)
            }
            let store = try EmbeddedMessageStore.open(directory: path + "/messages")
            #expect(try StoreHarness(store).records() == [number: "1:kept"])
            await store.close()
        }
    }
}
