extension SubscriptionTable {
    func findExact(_ filter: UnsafeRawBufferPointer) -> Place? {
        let record = exactRecord(filter, exactHash(filter))
        return record == SlotTable.none ? nil : Place(owner: record, list: record, isExact: true)
    }

    func makeExact(_ filter: UnsafeRawBufferPointer) -> Place {
        let hash = exactHash(filter)
        var unit = exactRecord(filter, hash)
        if unit == SlotTable.none {
            unit = arena.allocate(bytes: ExactRecord.headerBytes + filter.count)
            arena.pointer(unit, as: ExactRecord.self).initialize(to: ExactRecord(length: UInt16(filter.count)))
            text(unit, ExactRecord.headerBytes, filter.count).copyMemory(from: filter)
            exactTopics.insert(hash, unit)
            nodeCount += 1
        }
        return Place(owner: unit, list: unit, isExact: true)
    }

    func releaseExact(_ unit: UInt32) {
        let record = arena.pointer(unit, as: ExactRecord.self).pointee
        guard record.targets.isEmpty else { return }
        let length = Int(record.length)
        let text = UnsafeRawBufferPointer(text(unit, ExactRecord.headerBytes, length))
        exactTopics.remove(exactHash(text), unit)
        arena.release(unit, bytes: ExactRecord.headerBytes + length)
        nodeCount -= 1
    }

    @inline(__always)
    func exactHash(_ topic: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: hasher.hash(topic))
    }

    /// The record's offset, or `SlotTable.none`.
    @inline(__always)
    func exactRecord(_ topic: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32 {
        let base = arena.base
        return exactTopics.first(hash) { unit in
            let record = base + Int(unit) * Arena.unitBytes
            let length = record.assumingMemoryBound(to: ExactRecord.self).pointee.length
            return topic.equals(record + ExactRecord.headerBytes, Int(length))
        }
    }

    /// The text that follows a record's header.
    @inline(__always)
    func text(_ unit: UInt32, _ headerBytes: Int, _ length: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: arena.base + Int(unit) * Arena.unitBytes + headerBytes, count: length)
    }
}
