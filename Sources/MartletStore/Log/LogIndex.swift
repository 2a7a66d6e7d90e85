/// What is live in the log, and where. Changed by the writer under the store's lock, when what changed it is durable;
/// read by the writer without the lock, and by everybody else with it.
struct LogIndex {
    struct Record {
        var location: LogLocation
        var recordBytes: Int
        var revision: UInt64
        /// nil: it was removed. The tombstone stays as long as its segment, so that an older write that comes late is
        /// recognised.
        var kind: RecordKind?
    }

    struct Segment {
        let file: any LogFile
        let byteCount: Int
        /// Where the records begin.
        let recordsOffset: Int
        /// Where they end; known once the segment is not written to any more.
        var recordsEnd: Int
        var liveBytes = 0
    }

    private(set) var records: [UInt64: Record] = [:]
    private(set) var queues: [UInt64: QueueIndex] = [:]
    /// How many queues still hold a message, where more than one did.
    private var holders: [LogLocation: UInt32] = [:]
    /// Messages that have been met while queues are restored.
    private var held: Set<LogLocation> = []
    private(set) var segments: [UInt32: Segment] = [:]
    private(set) var liveBytes = 0
    private(set) var totalBytes = 0
    private(set) var liveRecords = 0

    var highestRevision: UInt64 { records.values.reduce(0) { max($0, $1.revision) } }

    // MARK: Segments

    mutating func add(_ number: UInt32, _ segment: Segment) {
        segments[number] = segment
        totalBytes += segment.byteCount
    }

    /// Nothing more will be written to the segment.
    mutating func seal(_ number: UInt32, recordsEnd: Int) { segments[number]?.recordsEnd = recordsEnd }

    mutating func removeSegment(_ number: UInt32) {
        guard let segment = segments.removeValue(forKey: number) else { return }
        totalBytes -= segment.byteCount
        liveBytes -= segment.liveBytes
    }

    var oldestSegment: UInt32? { segments.keys.min() }

    private mutating func addLive(_ location: LogLocation, _ bytes: Int) {
        segments[location.segment]?.liveBytes += bytes
        liveBytes += bytes
    }

    private mutating func removeLive(_ location: LogLocation, _ bytes: Int) {
        guard segments[location.segment] != nil else { return }
        segments[location.segment]?.liveBytes -= bytes
        liveBytes -= bytes
    }

    // MARK: Records

    /// Whether a write of this revision still counts.
    func accepts(_ number: UInt64, revision: UInt64) -> Bool { revision >= records[number]?.revision ?? 0 }

    mutating func put(_ number: UInt64, _ record: Record) {
        forgetRecord(number)
        records[number] = record
        liveRecords += 1
        addLive(record.location, record.recordBytes)
    }

    mutating func remove(_ number: UInt64, revision: UInt64, at location: LogLocation) {
        forgetRecord(number)
        records[number] = Record(location: location, recordBytes: 0, revision: revision, kind: nil)
    }

    private mutating func forgetRecord(_ number: UInt64) {
        guard let old = records[number], old.kind != nil else { return }
        removeLive(old.location, old.recordBytes)
        liveRecords -= 1
    }

    mutating func dropTombstone(_ number: UInt64) { records[number] = nil }

    // MARK: Queues

    mutating func add(_ queue: QueueIndex) { queues[queue.number] = queue }

    mutating func opened(_ queue: QueueIndex, at location: LogLocation, _ recordBytes: Int) {
        queue.openedAt = (location, recordBytes)
        addLive(location, recordBytes)
    }

    mutating func end(_ number: UInt64) {
        guard let queue = queues.removeValue(forKey: number) else { return }
        queue.removeAll { release($0) }
        if let (location, bytes) = queue.openedAt { removeLive(location, bytes) }
        if let (location, bytes) = queue.cursorAt { removeLive(location, bytes) }
    }

    mutating func moveCursor(of queue: QueueIndex, to cursor: QueueCursor, at location: LogLocation, _ recordBytes: Int) {
        if let (old, bytes) = queue.cursorAt { removeLive(old, bytes) }
        queue.cursorAt = (location, recordBytes)
        addLive(location, recordBytes)
        queue.settle(cursor) { release($0) }
    }

    /// A message is durable in so many queues.
    mutating func hold(_ location: LogLocation, _ recordBytes: Int, by count: Int) {
        guard count > 0 else { return }
        addLive(location, recordBytes)
        if count > 1 { holders[location] = UInt32(count) }
    }

    /// One entry of a queue, found at the start.
    mutating func restore(_ sequence: UInt64, _ slot: QueueIndex.Slot, in queue: QueueIndex) {
        queue.append(sequence, slot)
        if let count = holders[slot.location] {
            holders[slot.location] = count + 1
        } else if held.insert(slot.location).inserted {
            addLive(slot.location, Int(slot.recordBytes))
        } else {
            holders[slot.location] = 2
        }
    }

    /// The start is over: what it alone had to remember is forgotten.
    mutating func finishRestoring() { held = [] }

    private mutating func release(_ slot: QueueIndex.Slot) {
        if let count = holders[slot.location] {
            holders[slot.location] = count > 2 ? count - 1 : nil
            return
        }
        removeLive(slot.location, Int(slot.recordBytes))
    }

    // MARK: Moves

    func isLive(_ view: LogRecordView, at location: LogLocation) -> Bool {
        switch view.type {
        case .put: records[view.number].map { $0.kind != nil && $0.location == location } ?? false
        case .openQueue: queues[view.queue]?.openedAt?.location == location
        case .cursor: queues[view.queue]?.cursorAt?.location == location
        case .message:
            (0..<Int(view.targetCount)).contains { target in
                queues[view.targetQueue(target)]?.slot(view.targetSequence(target))?.location == location
            }
        // Everything older than the oldest segment is gone, and with it what these would have to say.
        case .remove, .endQueue, .void, .mark, .cleaned: false
        }
    }

    /// The record has been copied: what was live at its old place is live at the new one.
    mutating func move(_ view: LogRecordView, from old: LogLocation, to new: LogLocation) {
        guard isLive(view, at: old) else { return }
        removeLive(old, view.bytes.count)
        addLive(new, view.bytes.count)
        switch view.type {
        case .put: records[view.number]?.location = new
        case .openQueue: queues[view.queue]?.openedAt?.location = new
        case .cursor: queues[view.queue]?.cursorAt?.location = new
        case .message:
            if let count = holders.removeValue(forKey: old) { holders[new] = count }
            for target in 0..<Int(view.targetCount) {
                guard let queue = queues[view.targetQueue(target)] else { continue }
                let sequence = view.targetSequence(target)
                if queue.slot(sequence)?.location == old { queue.move(sequence, to: new) }
            }
        case .remove, .endQueue, .void, .mark, .cleaned: break
        }
    }
}
