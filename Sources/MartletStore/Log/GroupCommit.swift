import NIOCore

/// One group commit while it is made: what the batches of all loops do to the index when they are durable, and what the
/// loops will be told.
///
/// Changes name their records by the unit that was written and the offset in it: where a unit stands may change until the
/// group is durable, when the segment that it was written to fails.
struct GroupCommit {
    /// What was written as one piece: a loop's batch, or a batch of the cleaner's copies.
    struct Unit {
        let bytes: ByteBuffer
        var location: LogLocation
    }

    /// A record in a unit.
    struct Place {
        let unit: Int
        let offset: Int
    }

    enum Change {
        case put(UInt64, Place, recordBytes: Int, revision: UInt64, RecordKind?)
        case remove(UInt64, revision: UInt64, Place)
        case open(QueueIndex, Place, recordBytes: Int)
        case end(UInt64)
        case cursor(QueueIndex, QueueCursor, Place, recordBytes: Int)
        /// The message's places in its queues are the next `targets` of `appends`.
        case message(Place, recordBytes: Int, bodyBytes: Int, targets: Int)
        /// A record that the cleaner has copied.
        case move(from: LogLocation, to: Place)
        case dropTombstone(UInt64)
    }

    struct Append {
        let queue: QueueIndex
        let sequence: UInt64
    }

    struct Delivery {
        let loop: Int
        let token: UInt64
        let queue: UInt64
        let sequence: UInt64
        let subscriptionID: UInt32
        let flags: UInt8
        let unit: Int
        let bodyOffset: Int
        let bodyBytes: Int
    }

    /// What one loop will be told.
    struct Told {
        var through = StoreTicket.zero
        var isAnswered = false
        var deliveries: [QueueEntry] = []
        var droppedQueueFull = 0
    }

    var changes: [Change] = []
    var appends: [Append] = []
    var deliveries: [Delivery] = []
    private(set) var units: [Unit] = []
    /// So many of the units are durable already: a full segment was synced before the next began.
    private var durableUnits = 0
    /// So many are written where they say that they stand.
    private var writtenUnits = 0
    var revisions: [UInt64: UInt64] = [:]
    var told: [Told]

    /// Of the units.
    private(set) var byteCount = 0
    /// Of the loops' batches.
    private(set) var batchBytes = 0
    /// Somebody waits for it.
    var isAwaited = false
    var isEmpty: Bool { !told.contains { $0.isAnswered } && units.isEmpty }

    init(loopCount: Int) { told = Array(repeating: Told(), count: loopCount) }

    mutating func prepare(loop: Int) {
        while told.count <= loop { told.append(Told()) }
    }

    /// Takes a loop's batch into account, whether it will be durable or not.
    mutating func add(_ ticket: StoreTicket, of loop: Int, byteCount: Int, isAwaited: Bool) {
        prepare(loop: loop)
        told[loop].through = max(told[loop].through, ticket)
        told[loop].isAnswered = true
        batchBytes += byteCount
        self.isAwaited = self.isAwaited || isAwaited
    }

    /// What is about to be written there.
    mutating func add(_ bytes: ByteBuffer, at location: LogLocation) {
        units.append(Unit(bytes: bytes, location: location))
        byteCount += bytes.readableBytes
    }

    /// All units up to this one, or up to the last, have been written.
    mutating func noteWritten(_ unit: Int? = nil) { writtenUnits = unit.map { $0 + 1 } ?? units.count }

    /// What has been written was synced.
    mutating func markDurable() { durableUnits = writtenUnits }

    /// What was not synced has to be written again.
    mutating func loseWritten() { writtenUnits = durableUnits }

    /// The units that a failed segment may not have.
    var lostUnits: Range<Int> { durableUnits..<units.count }

    mutating func moveUnit(_ unit: Int, to location: LogLocation) { units[unit].location = location }

    private func location(_ place: Place) -> LogLocation { units[place.unit].location.advanced(by: place.offset) }

    /// Makes the index what it is when the group is durable.
    func apply(to index: inout LogIndex) {
        var next = 0
        for append in appends { append.queue.endStaging() }
        for change in changes {
            switch change {
            case .put(let number, let place, let bytes, let revision, let kind):
                index.put(
                    number,
                    LogIndex.Record(location: location(place), recordBytes: bytes, revision: revision, kind: kind))
            case .remove(let number, let revision, let place):
                index.remove(number, revision: revision, at: location(place))
            case .open(let queue, let place, let bytes): index.opened(queue, at: location(place), bytes)
            case .end(let number): index.end(number)
            case .cursor(let queue, let cursor, let place, let bytes):
                queue.endStaging()
                // Ended in the same group: nothing of it is live.
                guard index.queues[queue.number] != nil else { continue }
                index.moveCursor(of: queue, to: cursor, at: location(place), bytes)
            case .message(let place, let recordBytes, let bodyBytes, let targets):
                let location = location(place)
                let slot = QueueIndex.Slot(
                    location: location, recordBytes: UInt32(recordBytes), bodyBytes: UInt32(bodyBytes))
                let places = appends[next..<next + targets].filter { index.queues[$0.queue.number] != nil }
                next += targets
                index.hold(location, recordBytes, by: places.count)
                for place in places { place.queue.append(place.sequence, slot) }
            case .move(let old, let place):
                units[place.unit].bytes.withUnsafeReadableBytes { bytes in
                    let record = UnsafeRawBufferPointer(rebasing: bytes[place.offset...])
                    guard let view = LogRecordView(unchecked: record) else { return }
                    index.move(view, from: old, to: location(place))
                }
            case .dropTombstone(let number): index.dropTombstone(number)
            }
        }
    }

    /// The deliveries, sorted by loop; bodies are slices of what the loops submitted.
    mutating func collectDeliveries() {
        for delivery in deliveries where delivery.loop < told.count {
            guard let body = units[delivery.unit].bytes.getSlice(at: delivery.bodyOffset, length: delivery.bodyBytes)
            else { continue }
            told[delivery.loop].deliveries.append(
                QueueEntry(
                    queue: StoreNumber(delivery.queue), sequence: delivery.sequence, follower: delivery.token,
                    subscriptionID: delivery.subscriptionID, flags: delivery.flags, body: body))
        }
    }
}
