/// The retained messages of one account: one value per topic, found by topic or by filter, walked in topic order.
///
/// A tree of levels. The children of a node stand in a search tree of their own (a treap: random priorities keep it
/// flat), so that a level costs a logarithm of its siblings, a filter visits only what its literal prefix leaves, and
/// pages can be cut anywhere. All walks follow links upwards instead of recursing, since a topic may have 65,535
/// levels.
///
/// Topic order means level by level, each level bytewise: `a`, `a/b`, `a!`. Topics and filters come in checked. Not
/// thread-safe: retained publishes and subscribes take a lock of the tree's own.
package final class RetainedTree<Value> {
    /// Whether `a/#` matches `a`: true by OASIS [MQTT 5 section 4.7.1.2], false at AWS (mqtt-broker.md section 9).
    package let multiLevelMatchesParent: Bool
    /// Topics that have a value.
    package private(set) var count = 0
    /// Topic bytes plus the byte counts given to `set`.
    package private(set) var totalBytes = 0
    /// Levels in memory; 0 when empty.
    package private(set) var nodeCount = 0

    /// What is retained at one topic.
    struct Item {
        var topic: UInt32
        var topicLength: Int
        var byteCount: Int
        var value: Value
    }

    /// Index 0 is the root, which has no text; as a link, 0 means none.
    var nodes: [RetainedNode] = [RetainedNode(up: 0, text: 0, length: 0, priority: 0)]
    var texts = Arena()
    private var freeNodes: [UInt32] = []
    private var items: [Item?] = []
    private var freeItems: [UInt32] = []
    private var priorityState: UInt64

    package init(seed: UInt64, multiLevelMatchesParent: Bool = true) {
        priorityState = seed | 1
        self.multiLevelMatchesParent = multiLevelMatchesParent
    }

    /// Stores the topic's value and returns the one that it replaces. `byteCount` is what the value adds to
    /// `totalBytes`.
    @discardableResult
    package func set(_ topic: UnsafeRawBufferPointer, _ value: Value, byteCount: Int) -> Value? {
        var node: UInt32 = 0
        var levels = TopicLevels(topic)
        while let level = levels.next() { node = makeChild(of: node, level) }
        let index = nodes[Int(node)].item
        if index != RetainedNode.noItem {
            let old = items[Int(index)]
            totalBytes += byteCount - (old?.byteCount ?? 0)
            items[Int(index)]?.value = value
            items[Int(index)]?.byteCount = byteCount
            return old?.value
        }
        nodes[Int(node)].item = makeItem(topic, value, byteCount)
        return nil
    }

    package func value(of topic: UnsafeRawBufferPointer) -> Value? {
        item(at: find(topic) ?? 0)?.value
    }

    /// Forgets the topic and returns its value.
    @discardableResult
    package func remove(_ topic: UnsafeRawBufferPointer) -> Value? {
        guard let node = find(topic), let old = item(at: node) else { return nil }
        releaseItem(of: node, old)
        prune(node)
        return old.value
    }

    /// Visits topics in topic order, beginning with the first after `cursor`, which need not exist any more; nil begins
    /// at the start. `visit` returns whether to go on and must not change the tree. A page ends by returning false, and
    /// its last topic is the next page's cursor.
    package func forEach(
        after cursor: UnsafeRawBufferPointer? = nil, _ visit: (UnsafeRawBufferPointer, Value) -> Bool
    ) {
        var node = cursor.map(firstNode(after:)) ?? following(0, within: 0)
        while node != 0 {
            if !show(node, visit) { return }
            node = following(node, within: 0)
        }
    }

    /// Visits the node's value, if it has one. Whether to go on.
    func show(_ node: UInt32, _ visit: (UnsafeRawBufferPointer, Value) -> Bool) -> Bool {
        guard let item = item(at: node) else { return true }
        let start = UnsafeRawPointer(texts.pointer(item.topic, as: UInt8.self))
        return visit(UnsafeRawBufferPointer(start: start, count: item.topicLength), item.value)
    }

    func find(_ topic: UnsafeRawBufferPointer) -> UInt32? {
        var node: UInt32 = 0
        var levels = TopicLevels(topic)
        while let level = levels.next() {
            node = child(of: node, level)
            if node == 0 { return nil }
        }
        return node
    }

    private func item(at node: UInt32) -> Item? {
        let index = nodes[Int(node)].item
        return index == RetainedNode.noItem ? nil : items[Int(index)]
    }

    private func makeItem(_ topic: UnsafeRawBufferPointer, _ value: Value, _ byteCount: Int) -> UInt32 {
        let item = Item(topic: store(topic), topicLength: topic.count, byteCount: byteCount, value: value)
        count += 1
        totalBytes += topic.count + byteCount
        if let index = freeItems.popLast() {
            items[Int(index)] = item
            return index
        }
        items.append(item)
        return UInt32(items.count - 1)
    }

    private func releaseItem(of node: UInt32, _ item: Item) {
        let index = nodes[Int(node)].item
        nodes[Int(node)].item = RetainedNode.noItem
        items[Int(index)] = nil
        freeItems.append(index)
        texts.release(item.topic, bytes: item.topicLength)
        count -= 1
        totalBytes -= item.topicLength + item.byteCount
    }

    private func makeChild(of parent: UInt32, _ level: UnsafeRawBufferPointer) -> UInt32 {
        let existing = child(of: parent, level)
        if existing != 0 { return existing }
        let node = RetainedNode(
            up: 0, text: store(level), length: UInt16(level.count), priority: nextPriority())
        nodeCount += 1
        guard let index = freeNodes.popLast() else {
            nodes.append(node)
            attach(UInt32(nodes.count - 1), to: parent)
            return UInt32(nodes.count - 1)
        }
        nodes[Int(index)] = node
        attach(index, to: parent)
        return index
    }

    /// Takes away a node without value and children, then its parent if it became one, and so on.
    private func prune(_ node: UInt32) {
        var current = node
        while current != 0, nodes[Int(current)].item == RetainedNode.noItem, nodes[Int(current)].children == 0 {
            let parent = parent(of: current)
            detach(current)
            texts.release(nodes[Int(current)].text, bytes: Int(nodes[Int(current)].length))
            freeNodes.append(current)
            nodeCount -= 1
            current = parent
        }
        if count == 0 { releaseAll() }
    }

    private func releaseAll() {
        nodes = [nodes[0]]
        freeNodes = []
        items = []
        freeItems = []
        texts.reset()
    }

    private func store(_ text: UnsafeRawBufferPointer) -> UInt32 {
        let unit = texts.allocate(bytes: text.count)
        UnsafeMutableRawBufferPointer(start: texts.pointer(unit, as: UInt8.self), count: text.count)
            .copyMemory(from: text)
        return unit
    }

    /// Marsaglia's xorshift: quick, and random enough to balance a tree.
    private func nextPriority() -> UInt32 {
        priorityState ^= priorityState << 13
        priorityState ^= priorityState >> 7
        priorityState ^= priorityState << 17
        return UInt32(truncatingIfNeeded: priorityState >> 32)
    }
}
