extension SubscriptionTable {
    /// Appends every entry and every shared group whose filter matches the topic. Nothing is allocated once `matches`
    /// has grown to the size that the traffic needs. Wildcards in a filter's first level do not reach topics that
    /// begin with `$` [MQTT-4.7.2-1].
    public func match(_ topic: UnsafeRawBufferPointer, into matches: inout SubscriptionMatches) {
        if exactTopics.count > 0 {
            let record = exactRecord(topic, exactHash(topic))
            if record != SlotTable.none { collect(list(record).pointee, into: &matches) }
        }
        if !node(root).pointee.isUnused { walk(topic, &matches) }
    }

    /// Breadth first: the frontier is a queue in which the nodes of one level stand between `head` and the nodes of
    /// the next. Each level of the topic is hashed at most once.
    private func walk(_ topic: UnsafeRawBufferPointer, _ matches: inout SubscriptionMatches) {
        matches.frontier.removeAll(keepingCapacity: true)
        matches.frontier.append(root)
        var head = 0
        var wildcardsApply = !topic.isDollarTopic
        var levels = TopicLevels(topic)
        while let level = levels.next() {
            let tail = matches.frontier.count
            if head == tail { return }
            step(level, head..<tail, wildcardsApply, &matches)
            head = tail
            wildcardsApply = true
        }
        for index in head..<matches.frontier.count {
            let node = node(matches.frontier[index])
            collect(node.pointee.here, into: &matches)
            if multiLevelMatchesParent { collect(node.pointee.below, into: &matches) }
        }
    }

    @inline(__always)
    private func step(
        _ level: UnsafeRawBufferPointer, _ nodes: Range<Int>, _ wildcardsApply: Bool,
        _ matches: inout SubscriptionMatches
    ) {
        var levelHash: UInt64?
        for index in nodes {
            let unit = matches.frontier[index]
            let node = node(unit)
            if wildcardsApply {
                collect(node.pointee.below, into: &matches)
                if node.pointee.plus != 0 { matches.frontier.append(node.pointee.plus) }
            }
            guard node.pointee.literalChildren != 0 else { continue }
            let hash = levelHash ?? hasher.hash(level)
            levelHash = hash
            let child = literalChild(unit, level, hasher.combine(hash, unit))
            if child != SlotTable.none { matches.frontier.append(child) }
        }
    }

    @inline(__always)
    private func collect(_ list: TargetList, into matches: inout SubscriptionMatches) {
        if list.count == 1 {
            matches.entries.append(entries(list.block).pointee)
        } else if list.count > 1 {
            matches.entries.append(
                contentsOf: UnsafeBufferPointer(start: entries(list.block), count: Int(list.count)))
        }
        if list.groups != 0 { collectGroups(list.groups, into: &matches) }
    }

    private func collectGroups(_ first: UInt32, into matches: inout SubscriptionMatches) {
        var unit = first
        while unit != 0 {
            matches.groups.append(unit)
            unit = arena.pointer(unit, as: SharedGroup.self).pointee.next
        }
    }
}
