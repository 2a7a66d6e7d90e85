/// Walks: by filter, and onwards from a place.
extension RetainedTree {
    /// Visits every topic that the filter matches, in topic order. `visit` returns whether to go on and must not change
    /// the tree. Wildcards in the first level do not reach topics that begin with `$` [MQTT-4.7.2-1].
    ///
    /// The node under way stands `depth` levels deep and matches that many levels of the filter. After each end of a
    /// branch the walk climbs to the nearest `+` that has another sibling.
    package func match(_ filter: UnsafeRawBufferPointer, _ visit: (UnsafeRawBufferPointer, Value) -> Bool) {
        guard filter.hasWildcard else {
            if let node = find(filter) { _ = show(node, visit) }
            return
        }
        let levels = Array(TopicLevels(filter))
        var node: UInt32 = 0
        var depth = 0
        while true {
            if depth == levels.count {
                if !show(node, visit) { return }
            } else if depth == levels.count - 1 && levels[depth].isMultiLevelWildcard {
                if !showBelow(node, visit) { return }
            } else {
                let next = descend(from: node, levels[depth])
                if next != 0 {
                    node = next
                    depth += 1
                    continue
                }
            }
            guard let resumed = resume(from: node, depth, levels) else { return }
            (node, depth) = resumed
        }
    }

    /// The next node in topic order inside the branch of `top`, 0 for none.
    func following(_ node: UInt32, within top: UInt32) -> UInt32 {
        let child = firstChild(of: node)
        return child != 0 ? child : followingBranch(node, within: top)
    }

    /// Where a walk goes on that has seen everything up to this topic, whether or not the topic exists.
    func firstNode(after topic: UnsafeRawBufferPointer) -> UInt32 {
        var node: UInt32 = 0
        var levels = TopicLevels(topic)
        while let level = levels.next() {
            let next = child(of: node, level)
            if next == 0 {
                let greater = child(of: node, greaterThan: level)
                return greater != 0 ? greater : followingBranch(node, within: 0)
            }
            node = next
        }
        return following(node, within: 0)
    }

    /// The next node in topic order that is not below this one.
    private func followingBranch(_ node: UInt32, within top: UInt32) -> UInt32 {
        var current = node
        while current != top {
            let sibling = nextSibling(of: current)
            if sibling != 0 { return sibling }
            current = parent(of: current)
        }
        return 0
    }

    private func descend(from node: UInt32, _ level: UnsafeRawBufferPointer) -> UInt32 {
        guard level.isSingleLevelWildcard else { return child(of: node, level) }
        return skippingDollar(firstChild(of: node), parent: node)
    }

    private func resume(
        from node: UInt32, _ depth: Int, _ levels: [UnsafeRawBufferPointer]
    ) -> (node: UInt32, depth: Int)? {
        var node = node
        var depth = depth
        while depth > 0 {
            if levels[depth - 1].isSingleLevelWildcard {
                let sibling = skippingDollar(nextSibling(of: node), parent: depth == 1 ? 0 : node)
                if sibling != 0 { return (sibling, depth) }
            }
            node = parent(of: node)
            depth -= 1
        }
        return nil
    }

    /// `#` at a node: its own topic where the parent matches, and all below. Whether to go on.
    private func showBelow(_ node: UInt32, _ visit: (UnsafeRawBufferPointer, Value) -> Bool) -> Bool {
        if node != 0 {
            return (!multiLevelMatchesParent || show(node, visit)) && showDescendants(of: node, visit)
        }
        var branch = skippingDollar(firstChild(of: 0), parent: 0)
        while branch != 0 {
            if !show(branch, visit) || !showDescendants(of: branch, visit) { return false }
            branch = skippingDollar(nextSibling(of: branch), parent: 0)
        }
        return true
    }

    private func showDescendants(of top: UInt32, _ visit: (UnsafeRawBufferPointer, Value) -> Bool) -> Bool {
        var node = following(top, within: top)
        while node != 0 {
            if !show(node, visit) { return false }
            node = following(node, within: top)
        }
        return true
    }

    /// At the first level, the first sibling from this one on that does not begin with `$`.
    private func skippingDollar(_ node: UInt32, parent: UInt32) -> UInt32 {
        guard parent == 0 else { return node }
        var node = node
        while node != 0 && text(node).isDollarTopic { node = nextSibling(of: node) }
        return node
    }
}
