// Prints what the subscription index costs: nanoseconds per operation, bytes per subscription.
// Build with -c release -Xswiftc -enforce-exclusivity=unchecked. An argument changes the number of filters.

import MartletBroker

/// Half of the filters exact, a quarter with `+`, a quarter with `#`, as in performance-notes.md section 5.
struct Workload {
    let filterCount: Int

    func filter(_ number: Int) -> String {
        switch number % 4 {
        case 0, 1: return exactTopic(number)
        case 2: return "line/+/device\(number)/state"
        default: return "site/\(number)/#"
        }
    }

    func exactTopic(_ number: Int) -> String { "plant/\(number % 100)/device/\(number)/state" }
    func plusTopic(_ number: Int) -> String { "line/7/device\(number)/state" }
    func hashTopic(_ number: Int) -> String { "site/\(number)/sensor/1" }

    /// Numbers of one residue class, in an order that no cache can foresee.
    func scattered(_ residue: Int, count: Int) -> [Int] {
        (0..<count).map { ($0 &* 7_919 &* 4 &+ residue) % filterCount / 4 * 4 + residue }
    }
}

func nanoseconds(per count: Int, _ work: () -> Void) -> Int {
    let duration = ContinuousClock().measure(work)
    return Int(duration / .nanoseconds(1)) / count
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

let filterCount = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000
let workload = Workload(filterCount: filterCount)
let table = SubscriptionTable(seed: 0x5EED)
let filters = (0..<filterCount).map { bytes(workload.filter($0)) }
let residentBefore = residentBytes()

func entry(_ number: Int) -> SubscriptionEntry {
    SubscriptionEntry(subscriber: UInt32(number), loop: 0, generation: 1, options: .init(qos: 1))
}

func report(_ name: String, _ value: Int, _ unit: String) {
    print(name + String(repeating: " ", count: max(1, 44 - name.count)) + "\(value) \(unit)")
}

report(
    "insert",
    nanoseconds(per: filterCount) {
        for (number, filter) in filters.enumerated() {
            _ = filter.withUnsafeBytes { table.insert(filter: $0, entry(number)) }
        }
    }, "ns")
report("table, touched bytes per subscription", table.memoryBytes / filterCount, "B")
report("resident growth per subscription", (residentBytes() - residentBefore) / filterCount, "B")

/// Matches the topics round after round. All topics lie in one buffer, so that reading them costs the same everywhere.
func measureMatch(_ name: String, _ topics: [String], rounds: Int, on table: SubscriptionTable, hits: Int) {
    var text: [UInt8] = []
    var ranges: [Range<Int>] = []
    for topic in topics {
        ranges.append(text.count..<text.count + topic.utf8.count)
        text += bytes(topic)
    }
    var matches = SubscriptionMatches()
    var found = 0
    let cost = text.withUnsafeBytes { text in
        nanoseconds(per: ranges.count * rounds) {
            for _ in 0..<rounds {
                for range in ranges {
                    matches.removeAll()
                    table.match(UnsafeRawBufferPointer(rebasing: text[range]), into: &matches)
                    found += matches.entries.count
                }
            }
        }
    }
    precondition(found == hits * topics.count * rounds, "\(name): \(found) hits")
    report("match " + name, cost, "ns")
}

let cold = 200_000
measureMatch("exact, cold", workload.scattered(0, count: cold).map(workload.exactTopic), rounds: 1, on: table, hits: 1)
measureMatch("+, cold", workload.scattered(2, count: cold).map(workload.plusTopic), rounds: 1, on: table, hits: 1)
measureMatch("#, cold", workload.scattered(3, count: cold).map(workload.hashTopic), rounds: 1, on: table, hits: 1)
measureMatch("exact, hot", (0..<16).map { workload.exactTopic($0 * 4) }, rounds: 200_000, on: table, hits: 1)
measureMatch("+, hot", (0..<16).map { workload.plusTopic($0 * 4 + 2) }, rounds: 200_000, on: table, hits: 1)
measureMatch("#, hot", (0..<16).map { workload.hashTopic($0 * 4 + 3) }, rounds: 200_000, on: table, hits: 1)
measureMatch("nothing, hot", (0..<16).map { "other/\($0)" }, rounds: 200_000, on: table, hits: 0)

let fanOut = SubscriptionTable(seed: 1)
for number in 0..<500 { _ = bytes("fan/out").withUnsafeBytes { fanOut.insert(filter: $0, entry(number)) } }
measureMatch("exact with 500 subscribers, hot", ["fan/out"], rounds: 20_000, on: fanOut, hits: 500)

startSecondThread()
let index = SubscriptionIndex(loopCount: 2, seed: 1)
report(
    "read lock and unlock, uncontended",
    nanoseconds(per: 10_000_000) {
        for _ in 0..<10_000_000 {
            index.lockForReading(loop: 0)
            index.unlock(loop: 0)
        }
    }, "ns")

report(
    "remove",
    nanoseconds(per: filterCount) {
        for (number, filter) in filters.enumerated() {
            _ = filter.withUnsafeBytes { table.remove(filter: $0, loop: 0, subscriber: UInt32(number)) }
        }
    }, "ns")
precondition(table.nodeCount == 0)
