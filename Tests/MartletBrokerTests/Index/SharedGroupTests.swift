import MartletBroker
import Testing

@Suite("Shared groups in the subscription table")
struct SharedGroupTests {
    private func members(_ table: SubscriptionTable, _ topic: String) -> [String: [UInt32]] {
        var found: [String: [UInt32]] = [:]
        for group in table.matches(topic).groups {
            let members = table.members(ofGroup: group).map(\.subscriber)
            #expect(found.updateValue(members, forKey: table.shareName(ofGroup: group)) == nil)
        }
        return found
    }

    @Test("Each group whose filter matches is reported once with its members in order of joining", arguments: ["t/x", "t/+", "t/#"])
    func reported(filter: String) {
        let table = SubscriptionTable(seed: 1)
        for subscriber in [5, 3, 9] as [UInt32] { table.insertShared("workers", filter, .number(subscriber)) }
        table.insertShared("audit", filter, .number(3))
        table.insert(filter, .number(3))
        #expect(members(table, "t/x") == ["workers": [5, 3, 9], "audit": [3]])
        #expect(table.subscribers(of: "t/x") == [3])
        #expect(table.groupCount == 2)
        #expect(table.subscriptionCount == 5)
    }

    @Test("The same share name with different filters is two groups")
    func keyIsNameAndFilter() {
        let table = SubscriptionTable(seed: 1)
        table.insertShared("g", "t/x", .number(1))
        table.insertShared("g", "t/+", .number(2))
        let groups = table.matches("t/x").groups
        #expect(groups.map { table.members(ofGroup: $0).map(\.subscriber) }.sorted { $0[0] < $1[0] } == [[1], [2]])
        #expect(table.matches("t/y").groups.count == 1)
    }

    @Test("Leaving keeps the order of the others, and the last one takes the group along")
    func leaving() {
        let table = SubscriptionTable(seed: 1)
        for subscriber in 0..<100 as Range<UInt32> { table.insertShared("g", "t/+", .number(subscriber)) }
        #expect(table.insertShared("g", "t/+", .number(4, generation: 2))?.generation == 1)
        #expect(table.subscriptionCount == 100)
        for subscriber in 0..<100 as Range<UInt32> where subscriber % 10 != 4 {
            #expect(table.removeShared("g", "t/+", subscriber))
        }
        #expect(members(table, "t/x") == ["g": [4, 14, 24, 34, 44, 54, 64, 74, 84, 94]])
        #expect(!table.removeShared("other", "t/+", 4))
        #expect(!table.removeShared("g", "t/x", 4))
        #expect(!table.remove("t/+", 4), "a member is not an ordinary subscriber")
        for subscriber in stride(from: 4, to: 100, by: 10) {
            #expect(table.removeShared("g", "t/+", UInt32(subscriber)))
        }
        #expect(table.matches("t/x").isEmpty)
        #expect(table.groupCount == 0)
        #expect(table.nodeCount == 0)
    }

    @Test("A group in the middle of its filter's groups can go")
    func middleGroup() {
        let table = SubscriptionTable(seed: 1)
        for name in ["a", "b", "c"] { table.insertShared(name, "t", .number(1)) }
        #expect(table.removeShared("b", "t", 1))
        #expect(Set(members(table, "t").keys) == ["a", "c"])
    }

    @Test("A member is changed in place")
    func updated() {
        let table = SubscriptionTable(seed: 1)
        table.insertShared("g", "t", .number(1))
        let changed = "g".withBytes { group in
            "t".withBytes { filter in
                table.updateShared(group: group, filter: filter, loop: 0, subscriber: 1) { $0.options = [.suspended] }
            }
        }
        #expect(changed)
        #expect(table.members(ofGroup: table.matches("t").groups[0])[0].options == [.suspended])
    }
}
