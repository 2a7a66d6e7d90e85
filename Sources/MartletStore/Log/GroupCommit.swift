import NIOCore

/// One group commit while it is made: what the batches of all loops do to the index when they are durable, and what the
/// loops will be told.
struct GroupCommit {
    enum Change {
        case put(UInt64, LogIndex.Record)
        case remove(UInt64, revision: UInt64, LogLocation)
        case open(QueueIndex, LogLocation, recordBytes: Int)
        case end(UInt64)
        case cursor(QueueIndex, QueueCursor, LogLocation, recordBytes: Int)
        /// The message's places in its queues are the next `targets` of `appends`.
        case message(LogLocation, recordBytes: Int, bodyBytes: Int, targets: Int)
        /// A record that the cleaner has copied, with its bytes.
        case move(from: LogLocation, to: LogLocation, ByteBuffer)
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
        let batch: Int
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
    var batches: [ByteBuffer] = []
    var revisions: [UInt64: UInt64] = [:]
    var told: [Told]

    /// Of the batches.
    private(set) var byteCount = 0
    var isEmpty: Bool { !told.contains { $0.isAnswered } && changes.isEmpty }

    init(loopCount: Int) { told = Array(repeating: Told(), count: loopCount) }

    mutating func prepare(loop: Int) {
        while told.count <= loop { told.append(Told()) }
    }

    /// Takes a loop's batch into account, whether it will be durable or not.
    mutating func add(_ ticket: StoreTicket, of loop: Int, byteCount: Int) {
        prepare(loop: loop)
        told[loop].through = max(told[loop].through, ticket)
        told[loop].isAnswered = true
        self.byteCount += byteCount
    }

    /// Makes the index what it is when the group is durable.
    func apply(to index: inout LogIndex) {
        var next = 0
        for append in appends { append.queue.endStaging() }
        for change in changes {
            switch change {
            case .put(let number, let record): index.put(number, record)
            case .remove(let number, let revision, let location): index.remove(number, revision: revision, at: location)
            case .open(let queue, let location, let bytes): index.opened(queue, at: location, bytes)
            case .end(let number): index.end(number)
            case .cursor(let queue, let cursor, let location, let bytes):
                queue.endStaging()
                // Ended in the same group: nothing of it is live.
                guard index.queues[queue.number] != nil else { continue }
                index.moveCursor(of: queue, to: cursor, at: location, bytes)
            case .message(let location, let recordBytes, let bodyBytes, let targets):
                let slot = QueueIndex.Slot(
                    location: location, recordBytes: UInt32(recordBytes), bodyBytes: UInt32(bodyBytes))
                let places = appends[next..<next + targets].filter { index.queues[$0.queue.number] != nil }
                next += targets
                index.hold(location, recordBytes, by: places.count)
                for place in places { place.queue.append(place.sequence, slot) }
            case .move(let old, let new, let bytes):
                bytes.withUnsafeReadableBytes { bytes in
                    guard let view = LogRecordView(unchecked: bytes) else { return }
                    index.move(view, from: old, to: new)
                }
            case .dropTombstone(let number): index.dropTombstone(number)
            }
        }
    }

    /// The deliveries, sorted by loop; bodies are slices of what the loops submitted.
    mutating func collectDeliveries() {
        for delivery in deliveries where delivery.loop < told.count {
            guard let body = batches[delivery.batch].getSlice(at: delivery.bodyOffset, length: delivery.bodyBytes)
            else { continue }
            told[delivery.loop].deliveries.append(
                QueueEntry(
                    queue: StoreNumber(delivery.queue), sequence: delivery.sequence, follower: delivery.token,
                    subscriptionID: delivery.subscriptionID, flags: delivery.flags, body: body))
        }
    }
}
