/// An open-addressing multimap from a 32-bit hash to a 32-bit value, 8 bytes a slot, linear probing.
///
/// The key itself lives behind the value; the caller compares it. Growing and shrinking need the stored hashes only and
/// so never touch what the values name. The home slot is the hash scaled to the capacity, so the capacity need not be
/// a power of two and grows by half: the table is between 47 and 70 per cent full.
struct SlotTable: ~Copyable {
    struct Slot {
        var hash: UInt32
        var value: UInt32
    }

    /// Marks a free slot; not a valid value.
    static let none = UInt32.max
    private static let initialCapacity = 16

    private var slots: UnsafeMutablePointer<Slot>
    private var capacity: Int
    private(set) var count = 0

    var bytes: Int { capacity * MemoryLayout<Slot>.stride }

    init() {
        capacity = Self.initialCapacity
        slots = Self.emptySlots(capacity)
    }

    deinit { slots.deallocate() }

    /// The first value under this hash that `isMatch` accepts, or `none`.
    @inline(__always)
    func first(_ hash: UInt32, where isMatch: (UInt32) -> Bool) -> UInt32 {
        var index = home(hash)
        while true {
            let slot = slots[index]
            if slot.value == Self.none { return Self.none }
            if slot.hash == hash && isMatch(slot.value) { return slot.value }
            index = after(index)
        }
    }

    mutating func insert(_ hash: UInt32, _ value: UInt32) {
        if (count + 1) * 10 > capacity * 7 { resize(to: capacity + capacity / 2) }
        place(Slot(hash: hash, value: value))
        count += 1
    }

    /// Changes the value of the slot that holds exactly this pair.
    mutating func replace(_ hash: UInt32, _ value: UInt32, by other: UInt32) {
        guard let index = index(hash, value) else { return }
        slots[index].value = other
    }

    mutating func remove(_ hash: UInt32, _ value: UInt32) {
        guard let index = index(hash, value) else { return }
        closeGap(at: index)
        count -= 1
        if capacity > Self.initialCapacity && count * 8 < capacity {
            resize(to: max(Self.initialCapacity, capacity / 2))
        }
    }

    private func index(_ hash: UInt32, _ value: UInt32) -> Int? {
        var index = home(hash)
        while slots[index].value != Self.none {
            if slots[index].hash == hash && slots[index].value == value { return index }
            index = after(index)
        }
        return nil
    }

    /// Moves later slots of the run back over the gap, so that no tombstone is needed.
    private mutating func closeGap(at index: Int) {
        var gap = index
        var next = after(gap)
        while slots[next].value != Self.none {
            let wanted = home(slots[next].hash)
            let mayMove = gap <= next ? (wanted <= gap || wanted > next) : (wanted <= gap && wanted > next)
            if mayMove {
                slots[gap] = slots[next]
                gap = next
            }
            next = after(next)
        }
        slots[gap].value = Self.none
    }

    @inline(__always)
    private func home(_ hash: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(hash) &* UInt64(truncatingIfNeeded: capacity)) >> 32)
    }

    @inline(__always)
    private func after(_ index: Int) -> Int {
        index &+ 1 == capacity ? 0 : index &+ 1
    }

    private mutating func place(_ slot: Slot) {
        var index = home(slot.hash)
        while slots[index].value != Self.none { index = after(index) }
        slots[index] = slot
    }

    private mutating func resize(to newCapacity: Int) {
        let old = UnsafeMutableBufferPointer(start: slots, count: capacity)
        slots = Self.emptySlots(newCapacity)
        capacity = newCapacity
        for slot in old where slot.value != Self.none { place(slot) }
        old.deallocate()
    }

    private static func emptySlots(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        slots.initialize(repeating: Slot(hash: 0, value: none), count: capacity)
        return slots
    }
}
