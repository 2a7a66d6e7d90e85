import MartletBroker
import Testing

@Suite("Retained tree")
struct RetainedTreeTests {
    private func tree(_ topics: [String], parentRule: Bool = true) -> RetainedTree<String> {
        let tree = RetainedTree<String>(seed: 11, multiLevelMatchesParent: parentRule)
        for topic in topics { _ = topic.withBytes { tree.set($0, topic, byteCount: 10) } }
        return tree
    }

    private func matches(_ tree: RetainedTree<String>, _ filter: String) -> [String] {
        var found: [String] = []
        filter.withBytes { filter in
            tree.match(filter) { topic, value in
                #expect(String(decoding: topic, as: UTF8.self) == value)
                found.append(value)
                return true
            }
        }
        return found
    }

    /// The order that the tree promises.
    private func inTopicOrder(_ topics: some Sequence<String>) -> [String] {
        topics.sorted { left, right in
            let leftLevels = left.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            let rightLevels = right.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            for (leftLevel, rightLevel) in zip(leftLevels, rightLevels) where !leftLevel.elementsEqual(rightLevel) {
                return leftLevel.lexicographicallyPrecedes(rightLevel)
            }
            return leftLevels.count < rightLevels.count
        }
    }

    @Test("Setting replaces, removing forgets, counts follow")
    func setAndRemove() {
        let tree = tree([])
        #expect("a/b".withBytes { tree.set($0, "one", byteCount: 5) } == nil)
        #expect("a/b".withBytes { tree.set($0, "two", byteCount: 7) } == "one")
        #expect("a/b".withBytes { tree.value(of: $0) } == "two")
        #expect("a".withBytes { tree.value(of: $0) } == nil)
        #expect("a/b/c".withBytes { tree.value(of: $0) } == nil)
        #expect(tree.count == 1)
        #expect(tree.totalBytes == 3 + 7)
        #expect("a".withBytes { tree.remove($0) } == nil)
        #expect("a/b".withBytes { tree.remove($0) } == "two")
        #expect("a/b".withBytes { tree.remove($0) } == nil)
        #expect(tree.count == 0)
        #expect(tree.totalBytes == 0)
        #expect(tree.nodeCount == 0)
    }

    @Test("Removing keeps levels that others need, and prunes the rest")
    func pruned() {
        let tree = tree(["a/b/c", "a/b", "a/x/y/z"])
        #expect(tree.nodeCount == 6)
        _ = "a/b".withBytes { tree.remove($0) }
        #expect(tree.nodeCount == 6)
        _ = "a/x/y/z".withBytes { tree.remove($0) }
        #expect(tree.nodeCount == 3)
        #expect(matches(tree, "#") == ["a/b/c"])
    }

    static let filters: [(String, [String])] = [
        ("#", ["", "/x", "a", "a/", "a/$b", "a/b", "a/b/c", "a!"]),
        ("+", ["", "a", "a!"]),
        ("+/+", ["/x", "a/", "a/$b", "a/b"]),
        ("a/#", ["a", "a/", "a/$b", "a/b", "a/b/c"]),
        ("a/+", ["a/", "a/$b", "a/b"]),
        ("+/b/#", ["a/b", "a/b/c"]),
        ("+/b", ["a/b"]),
        ("$s/#", ["$s", "$s/b"]),
        ("$s/+", ["$s/b"]),
        ("+/x", ["/x"]),
        ("/#", ["", "/x"]),
        ("a/b", ["a/b"]),
        ("a/c", []),
        ("a/b/c/#", ["a/b/c"]),
        ("a/b/c/+", []),
        ("z/#", []),
    ]

    @Test("Filters find what they match, in topic order", arguments: filters)
    func filtered(filter: String, expected: [String]) {
        let topics = ["a!", "a/b/c", "a/b", "a", "a/", "a/$b", "$s", "$s/b", "/x", ""]
        #expect(matches(tree(topics), filter) == expected)
    }

    @Test("With AWS's rule a/# leaves out a")
    func parentRule() {
        #expect(matches(tree(["a", "a/", "a/b"], parentRule: false), "a/#") == ["a/", "a/b"])
    }

    @Test("A visitor that has seen enough ends the walk", arguments: ["#", "+/+", "a/#", "a/1"])
    func stopping(filter: String) {
        let tree = tree(["a/1", "a/2", "b/1"])
        var visits = 0
        filter.withBytes { filter in
            tree.match(filter) { _, _ in
                visits += 1
                return false
            }
        }
        #expect(visits == 1)
    }

    @Test("A topic of 65,535 bytes and 65,536 levels is stored, found and removed without recursion")
    func deepest() {
        let slashes = String(repeating: "/", count: 65_535)
        let tree = tree([slashes])
        #expect(matches(tree, "#") == [slashes])
        #expect(matches(tree, String(repeating: "+/", count: 32_767) + "#") == [slashes])
        _ = slashes.withBytes { tree.remove($0) }
        #expect(tree.nodeCount == 0)
    }

    @Test("Random sets, removals, matches and pages agree with a plain list", arguments: [1, 2, 3, 4] as [UInt64])
    func random(seed: UInt64) {
        var choices = SeededChoices(seed: seed)
        let parentRule = seed % 2 == 0
        let tree = RetainedTree<String>(seed: seed, multiLevelMatchesParent: parentRule)
        var model: [[UInt8]: String] = [:]
        for _ in 0..<1_500 {
            let topic = choices.topic()
            if choices.number(below: 5) < 3 {
                let old = topic.withBytes { tree.set($0, topic, byteCount: 1) }
                #expect(old == model.updateValue(topic, forKey: Array(topic.utf8)))
            } else {
                #expect(topic.withBytes { tree.remove($0) } == model.removeValue(forKey: Array(topic.utf8)))
            }
            let filter = choices.filter()
            if choices.number(below: 4) == 0 {
                let expected = model.values.filter { filterMatches(filter, $0, multiLevelMatchesParent: parentRule) }
                #expect(matches(tree, filter) == inTopicOrder(expected))
            }
        }
        #expect(tree.count == model.count)
        #expect(tree.totalBytes == model.keys.map { $0.count + 1 }.reduce(0, +))
        checkCursors(tree, inTopicOrder(model.values), &choices)
        for topic in model.values { #expect(topic.withBytes { tree.remove($0) } == topic) }
        #expect(tree.nodeCount == 0)
    }

    /// A page after any topic, stored or not, begins with the first stored topic behind it.
    private func checkCursors(_ tree: RetainedTree<String>, _ ordered: [String], _ choices: inout SeededChoices) {
        var all: [String] = []
        tree.forEach { _, value in all.append(value); return true }
        #expect(all == ordered)
        for _ in 0..<200 {
            let cursor = choices.topic()
            var page: [String] = []
            cursor.withBytes { cursor in
                tree.forEach(after: cursor) { _, value in page.append(value); return page.count < 3 }
            }
            let isStored = ordered.contains { $0.utf8.elementsEqual(cursor.utf8) }
            let together = inTopicOrder(isStored ? ordered : ordered + [cursor])
            let start = together.firstIndex { $0.utf8.elementsEqual(cursor.utf8) }!
            #expect(page == Array(together[(start + 1)...].prefix(3)))
        }
    }

    @Test("Sorted input of 3,000 siblings stays quick to walk and complete")
    func siblings() {
        let topics = (10_000..<13_000).map { "dev/\($0)/state" }
        let tree = tree(topics)
        #expect(matches(tree, "dev/+/state") == topics)
        #expect(matches(tree, "dev/12345/#") == ["dev/12345/state"])
    }
}
