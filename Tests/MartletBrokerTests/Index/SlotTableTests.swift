import Testing

@testable import MartletBroker

@Suite("Slot table and arena")
struct SlotTableTests {
    @Test("Random pairs with few distinct hashes are found until removed", arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) {
        var choices = SeededChoices(seed: seed)
        var table = SlotTable()
        var model: Set<[UInt32]> = []
        for _ in 0..<4_000 {
            // Hashes at both ends of the range make runs that wrap around.
            let small = UInt32(choices.number(below: 40))
            let hash = choices.number(below: 2) == 0 ? UInt32.max - small : small
            let value = UInt32(choices.number(below: 30))
            let isFound = table.first(hash) { $0 == value } == value
            #expect(isFound == model.contains([hash, value]))
            if isFound {
                table.remove(hash, value)
                model.remove([hash, value])
            } else {
                table.insert(hash, value)
                model.insert([hash, value])
            }
            #expect(table.count == model.count)
        }
    }

    @Test("Arena blocks of every size do not overlap and are used again")
    func arena() {
        var arena = Arena()
        let sizes = [0, 1, 4, 5, 255, 256, 257, 300, 320, 321, 1_000, 4_095, 4_097, 65_535, 65_600, 1_000_000]
        let blocks = sizes.map { (unit: arena.allocate(bytes: $0), size: $0) }
        for (index, block) in blocks.enumerated() {
            arena.pointer(block.unit, as: UInt8.self).update(repeating: UInt8(index), count: block.size)
        }
        for (index, block) in blocks.enumerated() {
            let bytes = UnsafeBufferPointer(start: arena.pointer(block.unit, as: UInt8.self), count: block.size)
            #expect(bytes.allSatisfy { $0 == UInt8(index) })
        }
        let touched = arena.touchedBytes
        for block in blocks { arena.release(block.unit, bytes: block.size) }
        #expect(arena.liveBytes == 0)
        for size in sizes { _ = arena.allocate(bytes: size) }
        #expect(arena.touchedBytes == touched)
    }
}
