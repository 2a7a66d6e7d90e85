import MartletBroker
import Testing

@Suite("Subscription index")
struct SubscriptionIndexTests {
    @Test("The epoch rises with each write and not with reads")
    func epoch() {
        let index = SubscriptionIndex(loopCount: 2, seed: 1)
        let before = index.withReader(loop: 0) { _ in index.epoch }
        index.withReader(loop: 1) { _ = $0.subscriptionCount }
        #expect(index.withReader(loop: 0) { _ in index.epoch } == before)
        index.withWriter { table in
            table.insert("a", .number(1))
            table.insert("b", .number(1))
        }
        #expect(index.withReader(loop: 1) { _ in index.epoch } == before + 1)
    }

    @Test("A read batch sees the table between lock and unlock, and locks are free afterwards")
    func batch() {
        let index = SubscriptionIndex(loopCount: 1, seed: 1)
        index.withWriter { _ = $0.insert("a/+", .number(4)) }
        index.lockForReading(loop: 0)
        #expect(index.table.subscribers(of: "a/b") == [4])
        index.unlock(loop: 0)
        index.withWriter { _ = $0.remove("a/+", 4) }
        #expect(index.withReader(loop: 0) { $0.subscribers(of: "a/b") } == [])
    }

    @Test("Readers on their own loops never see half of a writer's changes")
    func notTorn() async {
        let index = SubscriptionIndex(loopCount: 2, seed: 9)
        // Each write puts the same subscriber under all three filters or takes it from all three.
        let filters = ["x/y", "x/+", "x/#"]
        let torn = await withTaskGroup(of: Int.self) { group in
            group.addTask {
                for round in 0..<1_000 as Range<UInt32> {
                    index.withWriter { table in
                        for filter in filters { table.insert(filter, .number(round % 50, generation: round)) }
                    }
                    index.withWriter { table in
                        for filter in filters { table.remove(filter, (round + 25) % 50) }
                    }
                }
                return 0
            }
            for loop in 0..<2 {
                group.addTask { countTorn(index, loop: loop, rounds: 2_000) }
            }
            return await group.reduce(0, +)
        }
        #expect(torn == 0)
    }

    #if DEBUG
    @Test("A debug build stops when a reader writes under its own lock")
    func writerInsideReader() async {
        await #expect(processExitsWith: .failure) {
            let index = SubscriptionIndex(loopCount: 1, seed: 1)
            index.lockForReading(loop: 0)
            index.withWriter { _ in }
        }
    }
    #endif
}

/// How many reads saw entries that do not come in equal threes, or an epoch that changed under the lock.
private func countTorn(_ index: SubscriptionIndex, loop: Int, rounds: Int) -> Int {
    var matches = SubscriptionMatches()
    let topic = Array("x/y".utf8)
    var torn = 0
    for _ in 0..<rounds {
        matches.removeAll()
        index.lockForReading(loop: loop)
        let epoch = index.epoch
        topic.withUnsafeBytes { index.table.match($0, into: &matches) }
        if index.epoch != epoch { torn += 1 }
        index.unlock(loop: loop)
        let generations = Dictionary(grouping: matches.entries, by: \.subscriber)
        if generations.values.contains(where: { $0.count != 3 || Set($0.map(\.generation)).count != 1 }) { torn += 1 }
    }
    return torn
}
