import DequeModule
import MQTTCodec
import MartletStore
import NIOCore

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
    /// Whether they are being sent at QoS 2.
    private var exactlyOnce = RingOfFlags()
    /// Messages of QoS 2 that the client has and that are out of the queue, but whose PUBCOMP has not come: only PUBREL
    /// is repeated `[MQTT-4.3.3-6]`. In the order of their PUBRECs.
    private(set) var released = Deque<ReleasedExchange>()
    private var isReleasedInOrder = true

    init(_ cursor: QueueCursor = QueueCursor(), released: [ReleasedExchange] = []) {
        settledThrough = cursor.settledThrough
        sentThrough = max(cursor.sentThrough, cursor.settledThrough)
        settled = RingOfFlags()
        next = cursor.settledThrough + 1
        for sequence in cursor.settledBeyond where sequence > settledThrough { mark(sequence) }
        self.released.append(contentsOf: released.sorted { $0.sequence < $1.sequence })
        // A crash may have come between the two.
        for exchange in self.released { mark(exchange.sequence) }
    }

    /// The client may have got everything up to here before a crash: it is a repetition if it comes again.
    mutating func assumeSent(through sequence: UInt64) { sentThrough = max(sentThrough, sequence) }

    /// A new connection: everything that is not settled is sent again, in order.
    mutating func reconnect() {
        next = settledThrough + 1
        openCount = released.count
    }

    func isSettled(_ sequence: UInt64) -> Bool {
        sequence <= settledThrough || settled[Int(clamping: sequence - settledThrough - 1)]
    }

    /// Whether this entry may go out now. A client that withholds one acknowledgement may run ahead of it by a few
    /// windows and never so far that identifiers meet `[MQTT-2.2.1-4]`.
    func hasRoom(_ receiveMaximum: Int, for sequence: UInt64) -> Bool {
        let span = min(Self.identifierCount, UInt64(max(receiveMaximum, 16)) * Self.windowsAhead)
        let first = min(settledThrough, lowestReleased.map { $0 - 1 } ?? .max)
        return openCount < receiveMaximum && (sequence <= first || sequence - first <= span)
    }

    /// PUBRECs come in the order of the messages [MQTT-4.6.0-3]; of a client that does otherwise all are looked at.
    private var lowestReleased: UInt64? {
        isReleasedInOrder ? released.first?.sequence : released.lazy.map(\.sequence).min()
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
    mutating func send(_ sequence: UInt64, _ qos: QoS = .atLeastOnce) -> (packetID: UInt16, isRepeated: Bool) {
        defer {
            next = sequence + 1
            openCount += 1
            sentThrough = max(sentThrough, sequence)
        }
        if qos == .exactlyOnce, sequence > settledThrough { exactlyOnce.set(Int(sequence - settledThrough - 1)) }
        return (Self.packetID(of: sequence), sequence <= sentThrough)
    }

    static func packetID(of sequence: UInt64) -> UInt16 { UInt16((sequence - 1) % identifierCount) + 1 }

    /// The entry will not be sent: it has expired, or may not be delivered.
    mutating func discard(_ sequence: UInt64) {
        next = max(next, sequence + 1)
        sentThrough = max(sentThrough, sequence)
        mark(sequence)
    }

    /// PUBACK: the entry is settled.
    mutating func acknowledge(_ packetID: UInt16) -> ExchangeStep {
        guard let sequence = open(packetID) else { return isReleased(packetID) ? .wrongQoS : .unknown }
        guard !isExactlyOnce(sequence) else { return .wrongQoS }
        openCount -= 1
        mark(sequence)
        return .done
    }

    /// PUBREC: the entry is settled, and its exchange goes on without it.
    /// - Parameter number: where the store keeps that; taken only when it is the first PUBREC.
    mutating func release(_ packetID: UInt16, as number: () -> StoreNumber) -> (ExchangeStep, ReleasedExchange?) {
        guard let sequence = open(packetID) else { return (isReleased(packetID) ? .done : .unknown, nil) }
        guard isExactlyOnce(sequence) else { return (.wrongQoS, nil) }
        let exchange = ReleasedExchange(sequence: sequence, number: number())
        isReleasedInOrder = isReleasedInOrder && released.last.map { $0.sequence < sequence } ?? true
        released.append(exchange)
        mark(sequence)
        return (.done, exchange)
    }

    /// PUBREC with a failure code ends the exchange `[MQTT-4.4.0-2]`.
    mutating func reject(_ packetID: UInt16) -> ExchangeStep {
        guard let sequence = open(packetID) else { return isReleased(packetID) ? .wrongQoS : .unknown }
        guard isExactlyOnce(sequence) else { return .wrongQoS }
        openCount -= 1
        mark(sequence)
        return .done
    }

    /// PUBCOMP: the exchange is over. nil when no exchange is that far.
    mutating func complete(_ packetID: UInt16) -> ReleasedExchange? {
        guard let index = released.firstIndex(where: { $0.packetID == packetID }) else { return nil }
        openCount -= 1
        defer { isReleasedInOrder = isReleasedInOrder || released.isEmpty }
        return released.remove(at: index)
    }

    private func isReleased(_ packetID: UInt16) -> Bool { released.contains { $0.packetID == packetID } }

    private func isExactlyOnce(_ sequence: UInt64) -> Bool { exactlyOnce[Int(clamping: sequence - settledThrough - 1)] }

    /// The entry that a packet identifier stands for, if it was sent on this connection and is not settled.
    private func open(_ packetID: UInt16) -> UInt64? {
        guard packetID != 0 else { return nil }
        let count = Self.identifierCount
        let distance = (UInt64(packetID) - 1 + count - settledThrough % count) % count
        let sequence = settledThrough + 1 + distance
        return sequence < next && !isSettled(sequence) ? sequence : nil
    }

    private mutating func mark(_ sequence: UInt64) {
        guard sequence > settledThrough else { return }
        settled.set(Int(sequence - settledThrough - 1))
        let passed = settled.dropLeadingTrue()
        exactlyOnce.drop(passed)
        settledThrough += UInt64(passed)
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

/// A QoS 2 message that the client has received and for whose PUBCOMP the server waits.
struct ReleasedExchange: Hashable {
    let sequence: UInt64
    /// Of the record that outlives a crash.
    let number: StoreNumber

    var packetID: UInt16 { QueueWindow.packetID(of: sequence) }
}
