extension SubscriptionTable {
    @inline(__always)
    func list(_ unit: UInt32) -> UnsafeMutablePointer<TargetList> {
        arena.pointer(unit, as: TargetList.self)
    }

    @inline(__always)
    func entries(_ block: UInt32) -> UnsafeMutablePointer<SubscriptionEntry> {
        arena.pointer(block, as: SubscriptionEntry.self)
    }

    func position(in listUnit: UInt32, of subscriber: UInt32, on loop: UInt16) -> UInt32? {
        let list = list(listUnit).pointee
        let entries = entries(list.block)
        if list.isIndexed {
            // A slot of another list with the same hash cannot mislead: the entry at that position is compared.
            let position = positions.first(positionHash(listUnit, subscriber, loop)) { position in
                position < list.count && entries[Int(position)].belongs(to: subscriber, on: loop)
            }
            return position == SlotTable.none ? nil : position
        }
        for position in 0..<Int(list.count) where entries[position].belongs(to: subscriber, on: loop) {
            return UInt32(position)
        }
        return nil
    }

    func exchange(_ listUnit: UInt32, _ position: UInt32, _ entry: SubscriptionEntry) -> SubscriptionEntry {
        let slot = entries(list(listUnit).pointee.block) + Int(position)
        defer { slot.pointee = entry }
        return slot.pointee
    }

    func append(_ entry: SubscriptionEntry, to listUnit: UInt32, isGroup: Bool = false) {
        let before = list(listUnit).pointee
        if before.count == before.capacity {
            resize(listUnit, exponent: before.capacity == 0 ? 0 : before.capacityExponent + 1)
        }
        let list = list(listUnit)
        (entries(list.pointee.block) + Int(before.count)).initialize(to: entry)
        list.pointee.count += 1
        subscriptionCount += 1
        if before.isIndexed {
            positions.insert(positionHash(listUnit, entry.subscriber, entry.loop), before.count)
        } else if !isGroup && before.count == TargetList.longestUnindexed {
            indexPositions(listUnit)
        }
    }

    /// The last entry takes the removed one's place: the order of ordinary subscribers means nothing.
    func removeUnordered(_ listUnit: UInt32, _ position: UInt32) {
        let list = list(listUnit)
        let entries = entries(list.pointee.block)
        let last = list.pointee.count - 1
        if list.pointee.isIndexed {
            let removed = entries[Int(position)]
            positions.remove(positionHash(listUnit, removed.subscriber, removed.loop), position)
            if position != last {
                let moved = entries[Int(last)]
                positions.replace(positionHash(listUnit, moved.subscriber, moved.loop), last, by: position)
            }
        }
        entries[Int(position)] = entries[Int(last)]
        dropLast(listUnit)
        // `dropLast` may have moved the arena, so the list is looked at afresh.
        if self.list(listUnit).pointee.isIndexed && last < TargetList.longestUnindexed / 2 {
            unindexPositions(listUnit)
        }
    }

    /// Later entries move up and keep their order.
    func removeOrdered(_ listUnit: UInt32, _ position: UInt32) {
        let list = list(listUnit).pointee
        let slot = entries(list.block) + Int(position)
        slot.update(from: slot + 1, count: Int(list.count - position - 1))
        dropLast(listUnit)
    }

    /// Halves the block only at a quarter of use, so that one subscriber who comes and goes does not move the list.
    private func dropLast(_ listUnit: UInt32) {
        let list = list(listUnit)
        list.pointee.count -= 1
        subscriptionCount -= 1
        if list.pointee.count == 0 {
            arena.release(list.pointee.block, bytes: list.pointee.blockBytes)
            list.pointee.block = 0
            list.pointee.capacityExponent = 0
        } else if list.pointee.count <= list.pointee.capacity / 4 {
            resize(listUnit, exponent: list.pointee.capacityExponent - 1)
        }
    }

    private func resize(_ listUnit: UInt32, exponent: UInt8) {
        var changed = list(listUnit).pointee
        let old = changed
        changed.capacityExponent = exponent
        changed.block = arena.allocate(bytes: changed.blockBytes)
        if old.block != 0 {
            entries(changed.block).update(from: entries(old.block), count: Int(old.count))
            arena.release(old.block, bytes: old.blockBytes)
        }
        list(listUnit).pointee = changed
    }

    private func indexPositions(_ listUnit: UInt32) {
        let list = list(listUnit)
        list.pointee.isIndexed = true
        let entries = entries(list.pointee.block)
        for position in 0..<list.pointee.count {
            let entry = entries[Int(position)]
            positions.insert(positionHash(listUnit, entry.subscriber, entry.loop), position)
        }
    }

    private func unindexPositions(_ listUnit: UInt32) {
        let list = list(listUnit)
        list.pointee.isIndexed = false
        let entries = entries(list.pointee.block)
        for position in 0..<list.pointee.count {
            let entry = entries[Int(position)]
            positions.remove(positionHash(listUnit, entry.subscriber, entry.loop), position)
        }
    }

    private func positionHash(_ listUnit: UInt32, _ subscriber: UInt32, _ loop: UInt16) -> UInt32 {
        hasher.combine(UInt64(listUnit) << 32 | UInt64(subscriber), UInt32(loop))
    }
}
