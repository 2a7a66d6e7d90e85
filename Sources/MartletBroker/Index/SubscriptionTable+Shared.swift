extension SubscriptionTable {
    /// Adds a member to the group of this share name and filter, or replaces and returns the same subscriber's entry.
    /// `filter` is what follows `$share/{name}/` (mqtt-broker.md section 10).
    @discardableResult
    public func insertShared(
        group name: UnsafeRawBufferPointer, filter: UnsafeRawBufferPointer, _ entry: SubscriptionEntry
    ) -> SubscriptionEntry? {
        let place = makePlace(filter)
        let group = findGroup(place.list, name) ?? makeGroup(place.list, name)
        if let position = position(in: group, of: entry.subscriber, on: entry.loop) {
            return exchange(group, position, entry)
        }
        append(entry, to: group, isGroup: true)
        return nil
    }

    /// Whether the subscriber was a member. The last one takes the group with it.
    @discardableResult
    public func removeShared(
        group name: UnsafeRawBufferPointer, filter: UnsafeRawBufferPointer, loop: UInt16, subscriber: UInt32
    ) -> Bool {
        guard let place = findPlace(filter), let group = findGroup(place.list, name),
            let position = position(in: group, of: subscriber, on: loop)
        else { return false }
        removeOrdered(group, position)
        if sharedGroup(group).pointee.members.count == 0 { releaseGroup(group, of: place.list) }
        releaseIfUnused(place)
        return true
    }

    /// Changes a member in place. `change` leaves `subscriber` and `loop` as they are. Whether there was such a member.
    @discardableResult
    public func updateShared(
        group name: UnsafeRawBufferPointer, filter: UnsafeRawBufferPointer, loop: UInt16, subscriber: UInt32,
        _ change: (inout SubscriptionEntry) -> Void
    ) -> Bool {
        guard let place = findPlace(filter), let group = findGroup(place.list, name),
            let position = position(in: group, of: subscriber, on: loop)
        else { return false }
        change(&entries(list(group).pointee.block)[Int(position)])
        return true
    }

    /// The members of a group that `match` reported, in the order in which they joined. Never empty. Valid until the
    /// next write to the table, so under the reader's lock only.
    public func members(ofGroup group: UInt32) -> UnsafeBufferPointer<SubscriptionEntry> {
        let members = sharedGroup(group).pointee.members
        return UnsafeBufferPointer(start: entries(members.block), count: Int(members.count))
    }

    /// The number of the queue in which a group's messages wait; 0 for none.
    func queue(ofGroup group: UInt32) -> UInt64 {
        let group = sharedGroup(group).pointee
        return UInt64(group.queueHigh) << 32 | UInt64(group.queueLow)
    }

    /// Whether there is such a group.
    func setQueue(_ number: UInt64, group name: UnsafeRawBufferPointer, filter: UnsafeRawBufferPointer) {
        guard let group = group(name, filter) else { return }
        sharedGroup(group).pointee.queueLow = UInt32(truncatingIfNeeded: number)
        sharedGroup(group).pointee.queueHigh = UInt32(truncatingIfNeeded: number >> 32)
    }

    /// The number of a group, as `match` reports it.
    func group(_ name: UnsafeRawBufferPointer, _ filter: UnsafeRawBufferPointer) -> UInt32? {
        findPlace(filter).flatMap { findGroup($0.list, name) }
    }

    /// How many members the group has; nil when there is none of this name and filter. Under the reader's lock.
    func memberCount(group name: UnsafeRawBufferPointer, filter: UnsafeRawBufferPointer) -> Int? {
        guard let place = findPlace(filter), let group = findGroup(place.list, name) else { return nil }
        return Int(sharedGroup(group).pointee.members.count)
    }

    /// The share name of a group that `match` reported, for logs and reasons.
    public func shareName(ofGroup group: UInt32) -> String {
        String(decoding: nameBytes(group), as: UTF8.self)
    }

    private func sharedGroup(_ unit: UInt32) -> UnsafeMutablePointer<SharedGroup> {
        arena.pointer(unit, as: SharedGroup.self)
    }

    private func nameBytes(_ unit: UInt32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            text(unit, SharedGroup.headerBytes, Int(sharedGroup(unit).pointee.nameLength)))
    }

    private func findGroup(_ listUnit: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32? {
        var unit = list(listUnit).pointee.groups
        while unit != 0 {
            if nameBytes(unit).elementsEqual(name) { return unit }
            unit = sharedGroup(unit).pointee.next
        }
        return nil
    }

    private func makeGroup(_ listUnit: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32 {
        let unit = arena.allocate(bytes: SharedGroup.headerBytes + name.count)
        let next = list(listUnit).pointee.groups
        sharedGroup(unit).initialize(to: SharedGroup(nameLength: UInt16(name.count), next: next))
        text(unit, SharedGroup.headerBytes, name.count).copyMemory(from: name)
        list(listUnit).pointee.groups = unit
        groupCount += 1
        return unit
    }

    private func releaseGroup(_ group: UInt32, of listUnit: UInt32) {
        let next = sharedGroup(group).pointee.next
        var previous = list(listUnit).pointee.groups
        if previous == group {
            list(listUnit).pointee.groups = next
        } else {
            while sharedGroup(previous).pointee.next != group { previous = sharedGroup(previous).pointee.next }
            sharedGroup(previous).pointee.next = next
        }
        arena.release(group, bytes: SharedGroup.headerBytes + Int(sharedGroup(group).pointee.nameLength))
        groupCount -= 1
    }
}
