extension SubscriptionTable {
    func makeRoot() -> UInt32 {
        let unit = arena.allocate(bytes: TrieNode.headerBytes)
        node(unit).initialize(to: TrieNode(length: 0, parent: 0))
        return unit
    }

    @inline(__always)
    func node(_ unit: UInt32) -> UnsafeMutablePointer<TrieNode> {
        arena.pointer(unit, as: TrieNode.self)
    }

    func findInTrie(_ filter: UnsafeRawBufferPointer) -> Place? {
        var current = root
        var levels = TopicLevels(filter)
        while let level = levels.next() {
            if levels.isAtEnd && level.isMultiLevelWildcard { return placeBelow(current) }
            current = level.isSingleLevelWildcard ? node(current).pointee.plus : literalChild(current, level)
            if current == 0 { return nil }
        }
        return Place(owner: current, list: current, isExact: false)
    }

    func makeInTrie(_ filter: UnsafeRawBufferPointer) -> Place {
        var current = root
        var levels = TopicLevels(filter)
        while let level = levels.next() {
            if levels.isAtEnd && level.isMultiLevelWildcard { return placeBelow(current) }
            current = level.isSingleLevelWildcard ? makePlus(current) : makeLiteralChild(current, level)
        }
        return Place(owner: current, list: current, isExact: false)
    }

    private func placeBelow(_ owner: UInt32) -> Place {
        Place(owner: owner, list: owner + TrieNode.belowUnits, isExact: false)
    }

    private func literalChild(_ parent: UInt32, _ level: UnsafeRawBufferPointer) -> UInt32 {
        let child = literalChild(parent, level, hasher.combine(hasher.hash(level), parent))
        return child == SlotTable.none ? 0 : child
    }

    /// The child's offset, or `SlotTable.none`. `hash` is that of the parent and the level.
    @inline(__always)
    func literalChild(_ parent: UInt32, _ level: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32 {
        let base = arena.base
        return children.first(hash) { unit in
            let start = base + Int(unit) * Arena.unitBytes
            let node = start.assumingMemoryBound(to: TrieNode.self)
            return node.pointee.parent == parent
                && level.equals(start + TrieNode.headerBytes, Int(node.pointee.length))
        }
    }

    private func makePlus(_ parent: UInt32) -> UInt32 {
        let existing = node(parent).pointee.plus
        if existing != 0 { return existing }
        let unit = makeNode(parent, UnsafeRawBufferPointer(start: nil, count: 0))
        node(parent).pointee.plus = unit
        return unit
    }

    private func makeLiteralChild(_ parent: UInt32, _ level: UnsafeRawBufferPointer) -> UInt32 {
        let hash = hasher.combine(hasher.hash(level), parent)
        let existing = literalChild(parent, level, hash)
        if existing != SlotTable.none { return existing }
        let unit = makeNode(parent, level)
        children.insert(hash, unit)
        node(parent).pointee.literalChildren += 1
        return unit
    }

    private func makeNode(_ parent: UInt32, _ level: UnsafeRawBufferPointer) -> UInt32 {
        let unit = arena.allocate(bytes: TrieNode.headerBytes + level.count)
        node(unit).initialize(to: TrieNode(length: UInt16(level.count), parent: parent))
        text(unit, TrieNode.headerBytes, level.count).copyMemory(from: level)
        nodeCount += 1
        return unit
    }

    /// Frees a node that nothing uses, then its parent if that was its last use, and so on up to the root.
    func prune(_ unit: UInt32) {
        var current = unit
        while current != root && node(current).pointee.isUnused {
            let parent = node(current).pointee.parent
            unlink(current, from: parent)
            arena.release(current, bytes: TrieNode.headerBytes + Int(node(current).pointee.length))
            nodeCount -= 1
            current = parent
        }
    }

    private func unlink(_ unit: UInt32, from parent: UInt32) {
        if node(parent).pointee.plus == unit {
            node(parent).pointee.plus = 0
            return
        }
        let level = UnsafeRawBufferPointer(text(unit, TrieNode.headerBytes, Int(node(unit).pointee.length)))
        children.remove(hasher.combine(hasher.hash(level), parent), unit)
        node(parent).pointee.literalChildren -= 1
    }
}
