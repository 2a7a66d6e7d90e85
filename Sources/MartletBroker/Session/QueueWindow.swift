import MartletStore

/// The reading side of a kept session's queue: which entries were sent on this connection, which are settled, and what
/// a packet identifier stands for. A value: what is done with it is decided elsewhere.
///
/// A packet identifier follows from the entry's place in the queue, so that it is the same after a reconnect and after
/// a crash `[MQTT-4.4.0-1]`, and nothing has to be stored for it. The window never spans as many entries as there are
/// identifiers.
struct QueueWindow {
    /// Identifiers 1 to 65,535 are given out in turn.
    static let identifierCount: UInt64 = 65_535

    /// All entries up to here are settled.
    private(set) var settledThrough: UInt64
    /// Entries up to here have been sent at least once, on this connection or an earlier one.
    private(set) var sentThrough: UInt64
    /// The next entry to send on this connection.
    private(set) var next: UInt64
    /// Sent on this connection and not settled.
    private(set) var openCount = 0
    /// Whether the entries after `settledThrough` are settled, as far as is known.
    private var settled: RingOfFlags

    init(_ cursor: QueueCursor = QueueCursor()) {
        settledThrough = cursor.settledThrough
        sentThrough = max(cursor.sentThrough, cursor.settledThrough)
        settled = RingOfFlags()
        next = cursor.settledThrough + 1
        for sequence in cursor.settledBeyond where sequence > settledThrough { mark(sequence) }
    }

    /// The client may have got everything up to here before a crash: it is a repetition if it comes again.
    mutating func assumeSent(through sequence: UInt64) { sentThrough = max(sentThrough, sequence) }

    /// A new connection: everything that is not settled is sent again, in order.
    mutating func reconnect() {
        next = settledThrough + 1
        openCount = 0
    }

    func isSettled(_ sequence: UInt64) -> Bool {
        sequence <= settledThrough || settled[Int(clamping: sequence - settledThrough - 1)]
    }

    /// Whether this entry may go out now. A client that withholds one acknowledgement may run ahead of it by a few
    /// windows and never so far that identifiers meet `[MQTT-2.2.1-4]`.
    func hasRoom(_ receiveMaximum: Int, for sequence: UInt64) -> Bool {
        let span = min(Self.identifierCount, UInt64(max(receiveMaximum, 16)) * Self.windowsAhead)
        return openCount < receiveMaximum && (sequence <= settledThrough || sequence - settledThrough <= span)
    }

    private static let windowsAhead: UInt64 = 4

    /// Passes entries that the store does not have any more: they are settled.
    mutating func skip(to sequence: UInt64) {
        while next < sequence {
            let passed = next
            next += 1
            mark(passed)
        }
    }

    /// The entry goes out: its identifier, and whether it is a repetition.
    mutating func send(_ sequence: UInt64) -> (packetID: UInt16, isRepeated: Bool) {
        defer {
            next = sequence + 1
            openCount += 1
            sentThrough = max(sentThrough, sequence)
        }
        return (UInt16((sequence - 1) % Self.identifierCount) + 1, sequence <= sentThrough)
    }

    /// The entry will not be sent: it has expired, or may not be delivered.
    mutating func discard(_ sequence: UInt64) {
        next = max(next, sequence + 1)
        sentThrough = max(sentThrough, sequence)
        mark(sequence)
    }

    /// The client has acknowledged; false when nothing of that identifier is open.
    mutating func acknowledge(_ packetID: UInt16) -> Bool {
        guard packetID != 0 else { return false }
        let count = Self.identifierCount
        let distance = (UInt64(packetID) - 1 + count - settledThrough % count) % count
        let sequence = settledThrough + 1 + distance
        guard sequence < next, !isSettled(sequence) else { return false }
        openCount -= 1
        mark(sequence)
        return true
    }

    private mutating func mark(_ sequence: UInt64) {
        guard sequence > settledThrough else { return }
        settled.set(Int(sequence - settledThrough - 1))
        settledThrough += UInt64(settled.dropLeadingTrue())
        // What was settled out of turn on an earlier connection need not be passed one by one.
        next = max(next, settledThrough + 1)
    }

    /// What the store is told.
    var cursor: QueueCursor {
        QueueCursor(
            settledThrough: settledThrough, sentThrough: sentThrough,
            settledBeyond: settled.trueIndexes.map { settledThrough + 1 + UInt64($0) })
    }
}
