import Synchronization

/// How many messages each connection of one loop takes now, as far as its window and its socket say. Kept only for
/// members of shared groups; publishers on every loop read it to find one that has room (mqtt-broker.md section 10).
///
/// `@unchecked Sendable`: cells are atomics, and a chunk is made before anybody is told of a connection in it.
final class RoomTable: @unchecked Sendable {
    private struct Cell: ~Copyable {
        let room = Atomic<UInt16>(0)
    }

    private static let cellsPerChunk = 4096
    /// Slots are below 16,777,216.
    private static let chunkCount = 4096
    private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Cell>?>

    init() {
        chunks = .allocate(capacity: Self.chunkCount)
        chunks.initialize(repeating: nil, count: Self.chunkCount)
    }

    deinit {
        for index in 0..<Self.chunkCount {
            chunks[index]?.deinitialize(count: Self.cellsPerChunk)
            chunks[index]?.deallocate()
        }
        chunks.deallocate()
    }

    /// Called on the slot's loop.
    func set(_ room: Int, slot: UInt32) {
        let chunk = Int(slot) / Self.cellsPerChunk
        if chunks[chunk] == nil {
            let cells = UnsafeMutablePointer<Cell>.allocate(capacity: Self.cellsPerChunk)
            for offset in 0..<Self.cellsPerChunk { (cells + offset).initialize(to: Cell()) }
            chunks[chunk] = cells
        }
        cell(slot).pointee.room.store(UInt16(clamping: room), ordering: .relaxed)
    }

    /// The slot's connection is a member of a group.
    func room(slot: UInt32) -> Int { Int(cell(slot).pointee.room.load(ordering: .relaxed)) }

    private func cell(_ slot: UInt32) -> UnsafeMutablePointer<Cell> {
        chunks[Int(slot) / Self.cellsPerChunk]! + Int(slot) % Self.cellsPerChunk
    }
}
