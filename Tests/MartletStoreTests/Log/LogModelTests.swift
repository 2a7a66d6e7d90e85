import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

/// The log against what it should have: random work, group commits of random size, kills and power losses at any time.
/// Everything that was reported durable is there; nothing that was durably settled or removed comes back; sequences
/// have no gaps; and the log does not grow without bound.
@Suite("The log and its model")
struct LogModelTests {
    private struct Model {
        struct Queue {
            var messages: [UInt64: String] = [:]
            var last: UInt64 = 0
            var settledThrough: UInt64 = 0
            var settledBeyond: Set<UInt64> = []
        }
        var queues: [StoreNumber: Queue] = [:]
        var records: [StoreNumber: String] = [:]
        var ended: [StoreNumber] = []
    }

    @Test("Nothing durable is lost, nothing settled comes back", arguments: 1...12 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        let source = SeededRandomSource(seed: seed)
        var random = source.generator()
        var disk = MemoryLogDisk()
        var harness = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        var model = Model()
        var counter = 0
        for round in 0..<250 {
            // What is submitted here is one group: after a crash all of it may be there, or none, or its beginning.
            var next = model
            // A round without anybody who waits leaves its work to the next that is awaited; a kill does not lose it.
            // One that ends in a crash begins with everything durable.
            let action = Int.random(in: 0..<12, using: &random)
            let isAwaited = action < 2 || Bool.random(using: &random)
            if action < 2 {
                harness.submit { _ in }
                harness.commit()
            }
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                harness.submit(from: Int.random(in: 0...1, using: &random), isAwaited: isAwaited) { batch in
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        step(&batch, harness, &next, &counter, &random)
                    }
                }
            }
            switch action {
            case 0:
                // In the middle of the group: written, as far as it goes, and not synced.
                disk.fail("sync", after: Int.random(in: 0...1, using: &random))
                harness.commit()
                disk = disk.afterPowerLoss(source)
                harness = try .log(on: disk, limits: StoreHarness.smallSegments)
                try compare(harness, model, "round \(round), power lost before the group")
                model = try adopt(harness, model)
            case 1:
                harness.commit()
                model = next
                disk = Bool.random(using: &random) ? disk.afterPowerLoss(source) : disk.afterKill()
                harness = try .log(on: disk, limits: StoreHarness.smallSegments)
                try compareExactly(harness, model, "round \(round), after the group")
            default:
                harness.commit()
                model = next
            }
        }
        harness.submit { _ in }
        harness.commit()
        try compareExactly(harness, model, "the end")
        #expect(harness.damage == [])
        let statistics = harness.store.statistics
        #expect(statistics.totalBytes <= 2 * statistics.liveBytes + 4096 + 2 * 2048)
    }

    private func step(
        _ batch: inout StoreBatch, _ harness: StoreHarness, _ model: inout Model, _ counter: inout Int,
        _ random: inout SeededRandomSource.Generator
    ) {
        counter += 1
        let queues = model.queues.keys.sorted()
        let records = model.records.keys.sorted()
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            let queue = harness.store.makeNumber()
            batch.openQueue(queue)
            model.queues[queue] = .init()
        case 1 where queues.count > 3:
            let queue = queues.randomElement(using: &random)!
            batch.endQueue(queue)
            model.queues[queue] = nil
            model.ended.append(queue)
        case 2..<10 where !queues.isEmpty:
            let targets = Array(queues.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))) + model.ended.suffix(1)
            let text = "m\(counter)" + String(repeating: "x", count: Int.random(in: 0...80, using: &random))
            batch.append(to: targets.map { QueueTarget(queue: $0, subscriptionID: 0, flags: 0) }) { $0.writeString(text) }
            for target in targets where model.queues[target] != nil {
                model.queues[target]!.last += 1
                model.queues[target]!.messages[model.queues[target]!.last] = text
            }
        case 10..<15 where !queues.isEmpty:
            settle(queues.randomElement(using: &random)!, &batch, &model, &random)
        case 15..<18:
            let number = records.count > 8 ? records.randomElement(using: &random)! : harness.store.makeNumber()
            batch.put(number, .client) { $0.writeString("r\(counter)") }
            model.records[number] = "1:r\(counter)"
        case 18 where !records.isEmpty:
            let number = records.randomElement(using: &random)!
            batch.remove(number)
            model.records[number] = nil
        default: break
        }
    }

    private func settle(
        _ number: StoreNumber, _ batch: inout StoreBatch, _ model: inout Model,
        _ random: inout SeededRandomSource.Generator
    ) {
        guard var queue = model.queues[number] else { return }
        for sequence in queue.messages.keys.sorted().prefix(5) where Bool.random(using: &random) {
            queue.messages[sequence] = nil
            queue.settledBeyond.insert(sequence)
        }
        while queue.settledBeyond.remove(queue.settledThrough + 1) != nil { queue.settledThrough += 1 }
        model.queues[number] = queue
        batch.moveCursor(
            of: number,
            to: QueueCursor(
                settledThrough: queue.settledThrough, sentThrough: queue.last, settledBeyond: queue.settledBeyond.sorted()))
    }

    /// Everything of the model is there as it says, but for what a group that was not durable may have done.
    private func compare(_ harness: StoreHarness, _ model: Model, _ place: Comment) throws {
        for (number, queue) in model.queues {
            guard let state = harness.store.queue(number) else { continue }
            let page = try harness.page(number)
            let found = Dictionary(page.entries.map { ($0.sequence, String(buffer: $0.body)) }) { $1 }
            for (sequence, text) in queue.messages where sequence > state.cursor.settledThrough && !state.cursor.settledBeyond.contains(sequence) {
                #expect(found[sequence] == text, place)
            }
            #expect(state.cursor.settledThrough >= queue.settledThrough, place)
            for sequence in found.keys {
                #expect(sequence > queue.settledThrough && !queue.settledBeyond.contains(sequence), place)
            }
        }
        let missing = model.queues.keys.filter { harness.store.queue($0) == nil }
        #expect(missing.count <= 6, place)
        for number in model.ended { #expect(harness.store.queue(number) == nil, place) }
    }

    private func compareExactly(_ harness: StoreHarness, _ model: Model, _ place: Comment) throws {
        #expect(try harness.records() == model.records, place)
        #expect(Set(harness.store.queueNumbers) == Set(model.queues.keys), place)
        for (number, queue) in model.queues {
            let found = try harness.page(number).entries.map { ($0.sequence, String(buffer: $0.body)) }
            #expect(Dictionary(found) { $1 } == queue.messages, place)
            #expect(harness.store.queue(number)?.lastSequence == queue.last, place)
            #expect(harness.store.queue(number)?.cursor.settledBeyond.sorted() == queue.settledBeyond.sorted(), place)
        }
    }

    /// What a group that was cut off has done is the truth from here on.
    private func adopt(_ harness: StoreHarness, _ model: Model) throws -> Model {
        var adopted = Model(records: try harness.records(), ended: model.ended)
        let candidates = Set(model.queues.keys).union((1...harness.store.makeNumber().rawValue).map { StoreNumber($0) })
        for number in candidates {
            guard let state = harness.store.queue(number) else { continue }
            let page = try harness.page(number)
            adopted.queues[number] = .init(
                messages: Dictionary(page.entries.map { ($0.sequence, String(buffer: $0.body)) }) { $1 },
                last: state.lastSequence, settledThrough: state.cursor.settledThrough,
                settledBeyond: Set(state.cursor.settledBeyond))
        }
        return adopted
    }

    @Test("The log is cleaned: what is live stays, the rest is given back, and removed records stay removed")
    func cleaning() throws {
        let disk = MemoryLogDisk()
        let harness = try StoreHarness.log(on: disk, limits: StoreHarness.smallSegments)
        let queue = harness.openQueue()
        let old = harness.openQueue()
        harness.append("stays", to: old, queue)
        let kept = harness.store.makeNumber()
        harness.write { $0.put(kept, .retained, revision: 3) { $0.writeString("kept") } }
        let removed = harness.store.makeNumber()
        harness.write { $0.put(removed, .retained, revision: 4) { $0.writeString("removed") } }
        harness.write { $0.remove(removed, revision: 5) }
        for index in 2...3_000 as ClosedRange<UInt64> {
            harness.append("message \(index) of many that come and go", to: queue)
            harness.write { $0.moveCursor(of: queue, to: QueueCursor(settledThrough: index, sentThrough: index)) }
        }
        let statistics = harness.store.statistics
        #expect(statistics.cleanedSegments > 10)
        #expect(statistics.totalBytes < 16_384)
        for store in [harness, try .log(on: disk.afterKill(), limits: StoreHarness.smallSegments)] {
            #expect(try store.texts(old) == ["stays"])
            #expect(try store.texts(queue) == [])
            #expect(try store.records() == [kept: "3:kept"])
            #expect(store.store.queue(queue)?.lastSequence == 3_000)
        }
    }
}
