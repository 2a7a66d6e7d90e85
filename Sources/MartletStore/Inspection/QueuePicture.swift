/// One queue as an inspection finds it.
package struct QueuePicture: Sendable {
    package let number: UInt64
    var opened: (location: LogLocation, byteCount: Int)?
    private(set) var hasEnded = false
    /// The record that opened it was lost, and somebody names it.
    package internal(set) var isReopened = false
    package private(set) var cursor = QueueCursor()
    private(set) var cursorPlace: (location: LogLocation, byteCount: Int)?
    /// By sequence; those that a cursor has settled are forgotten.
    private(set) var entries: [UInt64: QueueIndex.Slot] = [:]
    /// The highest sequence that any record has named.
    private var highestSeen: UInt64 = 0

    init(number: UInt64) { self.number = number }

    package var isLive: Bool { (opened != nil || isReopened) && !hasEnded }
    package var messageCount: Int { entries.count }
    /// Of the messages' bodies.
    package var byteCount: Int { entries.values.reduce(0) { $0 + Int($1.bodyBytes) } }

    /// The last sequence that was given, as far as the log tells.
    package var lastSequence: UInt64 {
        max(highestSeen, cursor.settledThrough, cursor.sentThrough, cursor.settledBeyond.max() ?? 0)
    }

    mutating func end() {
        hasEnded = true
        entries = [:]
    }

    mutating func add(_ sequence: UInt64, _ slot: QueueIndex.Slot) {
        highestSeen = max(highestSeen, sequence)
        guard !hasEnded, !isSettled(sequence) else { return }
        // Of two copies of one entry the later is the one that stays.
        entries[sequence] = slot
    }

    mutating func move(to new: QueueCursor, at location: LogLocation, _ byteCount: Int) {
        let old = cursor.settledThrough
        cursor = new
        cursorPlace = (location, byteCount)
        if new.settledThrough > old, new.settledThrough - old <= UInt64(entries.count) {
            for sequence in (old + 1)...new.settledThrough { entries[sequence] = nil }
        } else if new.settledThrough > old {
            entries = entries.filter { $0.key > new.settledThrough }
        }
        for sequence in new.settledBeyond { entries[sequence] = nil }
    }

    func isSettled(_ sequence: UInt64) -> Bool {
        sequence <= cursor.settledThrough || cursor.settledBeyond.contains(sequence)
    }

    /// Sequences that were given, are not settled, and are not there.
    /// - Parameter claimed: further sequences that damaged records name.
    package func missing(claimed: some Collection<UInt64> = []) -> [ClosedRange<UInt64>] {
        var known = Set(entries.keys)
        known.formUnion(cursor.settledBeyond)
        var missing: [ClosedRange<UInt64>] = []
        var next = cursor.settledThrough + 1
        let last = max(lastSequence, claimed.max() ?? 0)
        for sequence in known.sorted() where sequence >= next {
            if sequence > next { missing.append(next...(sequence - 1)) }
            next = sequence + 1
        }
        if next <= last { missing.append(next...last) }
        return missing
    }
}
