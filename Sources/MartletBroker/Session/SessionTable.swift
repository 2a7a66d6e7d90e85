import MQTTCodec
import MartletStore
import NIOConcurrencyHelpers
import Synchronization

/// Where a kept session stands in the `SessionTable`. The subscription index names kept sessions by it, so that no
/// entry changes when a client comes or goes, however many reconnect at once.
struct SessionPlace: Hashable, Sendable {
    let index: UInt32
    /// Tells the sessions apart that have had this place.
    let generation: UInt32

    /// The `loop` of index entries of kept sessions; no loop has this number.
    static let loopMarker = UInt16.max

    var ref: ConnectionRef { ConnectionRef(loop: Self.loopMarker, slot: index, generation: generation) }
}

/// The kept sessions of a node: for each its queue in the store, and the connection that has taken it up. Every loop
/// reads it without a lock while it publishes; places are given and taken back under one.
///
/// `@unchecked Sendable`: rows are atomics, and a chunk is made before anybody is told of a place in it.
final class SessionTable: @unchecked Sendable {
    private struct Row: ~Copyable {
        let queue = Atomic<UInt64>(0)
        /// 0: nobody is connected. Else generation, slot and loop of the connection.
        let connection = Atomic<UInt64>(0)
        let generation = Atomic<UInt32>(0)
    }

    /// Loops that a row can name.
    static let loopLimit = 128
    private static let rowsPerChunk = 4096

    private struct Free {
        var places: [UInt32] = []
        var rowCount: UInt32 = 0
        var used = 0
    }

    /// `session.max`.
    let limit: Int
    private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Row>?>
    private let chunkCount: Int
    private let free = NIOLockedValueBox(Free())

    init(limit: Int) {
        self.limit = limit
        chunkCount = limit / Self.rowsPerChunk + 1
        chunks = .allocate(capacity: chunkCount)
        chunks.initialize(repeating: nil, count: chunkCount)
    }

    deinit {
        for index in 0..<chunkCount {
            chunks[index]?.deinitialize(count: Self.rowsPerChunk)
            chunks[index]?.deallocate()
        }
        chunks.deallocate()
    }

    var count: Int { free.withLockedValue { $0.used } }

    /// nil at the limit.
    func make(queue: StoreNumber) -> SessionPlace? {
        free.withLockedValue { free in
            guard free.used < limit else { return nil }
            let index = free.places.popLast() ?? newRow(&free)
            free.used += 1
            let generation = row(index).pointee.generation.add(1, ordering: .releasing).newValue
            row(index).pointee.queue.store(queue.rawValue, ordering: .releasing)
            return SessionPlace(index: index, generation: generation)
        }
    }

    private func newRow(_ free: inout Free) -> UInt32 {
        let index = free.rowCount
        free.rowCount += 1
        let chunk = Int(index) / Self.rowsPerChunk
        if chunks[chunk] == nil {
            // Nobody looks at this chunk before it has been given the place that is being made.
            let rows = UnsafeMutablePointer<Row>.allocate(capacity: Self.rowsPerChunk)
            for offset in 0..<Self.rowsPerChunk { (rows + offset).initialize(to: Row()) }
            chunks[chunk] = rows
        }
        return index
    }

    /// The session has ended and no index entry names it any more.
    func remove(_ place: SessionPlace) {
        free.withLockedValue { free in
            guard row(place.index).pointee.generation.load(ordering: .acquiring) == place.generation else { return }
            row(place.index).pointee.connection.store(0, ordering: .releasing)
            row(place.index).pointee.queue.store(0, ordering: .releasing)
            free.places.append(place.index)
            free.used -= 1
        }
    }

    private func row(_ index: UInt32) -> UnsafeMutablePointer<Row> {
        chunks[Int(index) / Self.rowsPerChunk]! + Int(index) % Self.rowsPerChunk
    }

    func queue(of index: UInt32) -> StoreNumber {
        StoreNumber(row(index).pointee.queue.load(ordering: .acquiring))
    }

    /// The connection that has taken the session up, and its version, which may be another than when the session
    /// subscribed; nil while its client is away.
    func connection(of index: UInt32) -> (ref: ConnectionRef, version: ProtocolVersion)? {
        let packed = row(index).pointee.connection.load(ordering: .acquiring)
        guard packed != 0 else { return nil }
        let ref = ConnectionRef(
            loop: UInt16(packed & 0x7F), slot: UInt32(packed >> 8 & 0xFF_FFFF), generation: UInt32(packed >> 32))
        return (ref, packed & 0x80 == 0 ? .v3_1_1 : .v5)
    }

    /// Loops have numbers below 128, and slots below 16,777,216.
    func setConnection(_ connection: (ref: ConnectionRef, version: ProtocolVersion)?, of place: SessionPlace) {
        let packed = connection.map { ref, version in
            UInt64(ref.generation) << 32 | UInt64(ref.slot & 0xFF_FFFF) << 8 | UInt64(ref.loop & 0x7F)
                | (version == .v5 ? 0x80 : 0)
        }
        row(place.index).pointee.connection.store(packed ?? 0, ordering: .releasing)
    }
}
