import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletStore

/// Power losses in the middle of a group commit, at each of its operations on the disk.
@Suite("The log and a power loss within a group")
struct LogCrashPointTests {
    /// One group that fills several segments, and dies at its n-th write or sync.
    @Test(
        "A group over several segments that is cut off leaves a log that opens, with the beginning of the group",
        arguments: ["write", "sync"], 0...8)
    func severalSegments(operation: String, after count: Int) throws {
        for seed in 0..<20 as Range<UInt64> {
            let disk = MemoryLogDisk()
            let first = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
            let queue = first.openQueue()
            for index in 1...10 { first.append("durable \(index)", to: queue) }
            disk.fail(operation, after: count)
            for index in 11...90 {
                first.submit { batch in
                    batch.append(to: [QueueTarget(queue: queue, subscriptionID: 7, flags: 0)]) {
                        $0.writeString("group \(index) " + String(repeating: "x", count: 40))
                    }
                }
            }
            first.commit()
            let source = SeededRandomSource(seed: seed * 100 + UInt64(count))
            let second = try StoreHarness.log(on: disk.afterPowerLoss(source), limits: StoreHarness.smallSegments)
            let sequences = try second.page(queue).entries.map(\.sequence)
            #expect(sequences.count >= (first.condition() == .working ? 90 : 10))
            #expect(sequences == sequences.indices.map { UInt64($0 + 1) }, "\(operation) \(count), seed \(seed)")
        }
    }

    @Test("A damaged header of the newest segment is refused when records follow it")
    func newestHeader() throws {
        let disk = MemoryLogDisk()
        let first = try StoreHarness.log(on: disk)
        first.append("x", to: first.openQueue())
        disk.damage(SegmentHeader.fileName(1)) { $0[20] ^= 1 }
        #expect(throws: StoreFailure.self) { _ = try StoreHarness.log(on: disk) }
        #expect(disk.bytes(of: SegmentHeader.fileName(1)) != nil)
    }

    @Test("Cleaning stops at a record that is not what was written, and deletes nothing", arguments: [false, true])
    func damagedVictim(looksLikeTheEnd: Bool) throws {
        let disk = MemoryLogDisk()
        let harness = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        let queue = harness.openQueue()
        let kept = harness.openQueue()
        for index in 1...10 { harness.append("kept \(index)", to: kept) }
        // The first message, behind the two records that open the queues.
        let record = SegmentHeader.byteCount + 4 * 17 + LogRecord.markBytes
        disk.damage(SegmentHeader.fileName(1)) { bytes in
            if looksLikeTheEnd { for index in 0..<4 { bytes[record + index] = 0 } } else { bytes[record + 20] ^= 1 }
        }
        for index in 1...600 as ClosedRange<UInt64> {
            harness.append("message \(index) of many that come and go", to: queue)
            harness.write { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: index, sentThrough: index)) }
        }
        guard case .corrupt(let file, _, _)? = harness.damage.first else {
            Issue.record("no failure")
            return
        }
        #expect(file == SegmentHeader.fileName(1))
        #expect(disk.bytes(of: file) != nil)
        #expect(harness.condition() == .working)
    }

    @Test("A loop that opens a queue and follows it in one batch is told of what that batch appends")
    func openAndFollow() throws {
        let harness = try StoreHarness.log(on: MemoryLogDisk())
        let queue = harness.store.makeNumber()
        harness.write { batch in
            batch.openQueue(queue)
            batch.follow(queue, as: 5)
            batch.append(to: [QueueTarget(queue: queue, subscriptionID: 1, flags: 0)]) { $0.writeString("a") }
        }
        harness.append("b", to: queue, loop: 1)
        #expect(harness.delivered(0).map { String(buffer: $0.body) } == ["a", "b"])
        #expect(harness.delivered(0).allSatisfy { $0.follower == 5 })
    }

    @Test("A loop that lets go of a queue does not take it from the loop that follows it now")
    func lateUnfollow() throws {
        let harness = try StoreHarness.log(on: MemoryLogDisk())
        let queue = harness.openQueue()
        harness.write { $0.follow(queue, as: 1) }
        harness.write(from: 1) { $0.follow(queue, as: 2) }
        harness.write { $0.unfollow(queue) }
        harness.append("a", to: queue)
        #expect(harness.delivered(1).map(\.follower) == [2])
    }

    @Test("One queue that gets a message twice gets each with what its own subscription asked for")
    func twiceInOneQueue() throws {
        let harness = try StoreHarness.log(on: MemoryLogDisk())
        let queue = harness.openQueue()
        harness.write { batch in
            let targets = [3, 4].map { QueueTarget(queue: queue, subscriptionID: $0, flags: UInt8($0)) }
            batch.append(to: targets) { $0.writeString("a") }
        }
        let page = try harness.page(queue)
        #expect(page.entries.map(\.subscriptionID) == [3, 4] && page.entries.map(\.flags) == [3, 4])
    }
}
