import DequeModule

/// One queue: where its entries stand, and how far its reader has come. An object, so that the writer changes it in
/// place. What is marked `writer` is the writer's alone; the rest is read under the lock of the index.
final class QueueIndex {
    struct Slot {
        /// `.none`: settled.
        var location: LogLocation
        /// Of the whole record.
        var recordBytes: UInt32
        /// Of the message's body, which is what limits count.
        var bodyBytes: UInt32
    }

    let number: UInt64
    /// The sequence of `slots.first`.
    private(set) var first: UInt64 = 1
    private(set) var slots = Deque<Slot>()
    private(set) var cursor = QueueCursor()
    private(set) var messageCount = 0
    private(set) var byteCount = 0
    /// Of the records that open the queue and hold its cursor.
    var openedAt: (location: LogLocation, recordBytes: Int)?
    var cursorAt: (location: LogLocation, recordBytes: Int)?

    /// Writer: the sequence that the next message gets, and what the queue will hold when all staged is durable.
    var nextSequence: UInt64 = 1
    private(set) var stagedMessages = 0
    private(set) var stagedBytes = 0
    private var stagedSettledThrough: UInt64 = 0
    var hasEnded = false
    /// Writer: who is told of new entries.
    var follower: (loop: Int, token: UInt64)?

    init(number: UInt64) { self.number = number }

    var lastSequence: UInt64 { first + UInt64(slots.count) - 1 }

    var state: QueueState {
        QueueState(cursor: cursor, lastSequence: lastSequence, messageCount: messageCount, byteCount: byteCount)
    }

    /// The next entry in turn. A gap before it, which only recovery knows, is settled.
    func append(_ sequence: UInt64, _ slot: Slot) {
        pad(through: sequence - 1)
        slots.append(slot)
        messageCount += 1
        byteCount += Int(slot.bodyBytes)
    }

    /// Entries up to here existed and are settled.
    func pad(through sequence: UInt64) {
        if slots.isEmpty { first = max(first, sequence + 1) }
        while lastSequence < sequence { slots.append(Slot(location: .none, recordBytes: 0, bodyBytes: 0)) }
    }

    func slot(_ sequence: UInt64) -> Slot? {
        guard sequence >= first, sequence - first < UInt64(slots.count) else { return nil }
        let slot = slots[Int(sequence - first)]
        return slot.location == .none ? nil : slot
    }

    func move(_ sequence: UInt64, to location: LogLocation) {
        guard slot(sequence) != nil else { return }
        slots[Int(sequence - first)].location = location
    }

    /// Takes the cursor over, and gives what is settled by it to `release`.
    func settle(_ new: QueueCursor, _ release: (Slot) -> Void) {
        cursor = new
        while first <= new.settledThrough, let slot = slots.popFirst() {
            first += 1
            free(slot, release)
        }
        if slots.isEmpty { first = max(first, new.settledThrough + 1) }
        for sequence in new.settledBeyond {
            guard let slot = slot(sequence) else { continue }
            slots[Int(sequence - first)].location = .none
            free(slot, release)
        }
    }

    // MARK: Staging

    /// A message will be there when the group is durable.
    func stageAppend(bodyBytes: Int) -> UInt64 {
        defer { nextSequence += 1 }
        stagedMessages += 1
        stagedBytes += bodyBytes
        return nextSequence
    }

    /// What the cursor settles makes room for what comes after it in the same group.
    func stageCursor(_ cursor: QueueCursor) {
        var sequence = max(first, stagedSettledThrough + 1)
        while sequence <= min(cursor.settledThrough, lastSequence) {
            if let slot = slot(sequence) {
                stagedMessages -= 1
                stagedBytes -= Int(slot.bodyBytes)
            }
            sequence += 1
        }
        stagedSettledThrough = max(stagedSettledThrough, cursor.settledThrough)
    }

    /// The group is durable: what was staged is what is there.
    func endStaging() {
        stagedMessages = 0
        stagedBytes = 0
    }

    func removeAll(_ release: (Slot) -> Void) {
        for slot in slots { free(slot, release) }
        slots.removeAll()
    }

    private func free(_ slot: Slot, _ release: (Slot) -> Void) {
        guard slot.location != .none else { return }
        messageCount -= 1
        byteCount -= Int(slot.bodyBytes)
        release(slot)
    }

    /// Where the entries after a sequence stand, until their bodies exceed the limit; at least one if there is any.
    func page(after sequence: UInt64, byteLimit: Int) -> (found: [(sequence: UInt64, slot: Slot)], through: UInt64) {
        var found: [(UInt64, Slot)] = []
        var bytes = 0
        var next = max(sequence + 1, first)
        while next <= lastSequence {
            if let slot = slot(next) {
                if bytes > byteLimit { return (found, next - 1) }
                found.append((next, slot))
                bytes += Int(slot.bodyBytes)
            }
            next += 1
        }
        return (found, max(lastSequence, sequence))
    }
}
