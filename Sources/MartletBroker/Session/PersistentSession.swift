import DequeModule
import MQTTCodec
import MartletStore
import NIOCore

/// A session that outlives its connection `[MQTT-3.1.2-4]`: subscriptions, a queue in the message store, and how far
/// its client has come in it.
///
/// How entries come: the loop that takes it up tells the store that it follows the queue, and reads when that is
/// durable. From then on the store offers each new entry; the next one in turn that can go out at once is taken, any
/// other only raises `lastKnown`, and is read when those before it have gone.
///
/// It is handed from loop to loop as a whole: to the connection's loop when it is granted, back to its home loop when
/// the connection ends. Only one thread holds it at a time, and that is why it may be `@unchecked Sendable`.
final class PersistentSession: @unchecked Sendable {
    /// Its place in the `SessionTable`, by which the subscription index names it.
    let place: SessionPlace
    let queue: StoreNumber
    /// Seconds that it is kept without a connection; `UInt32.max` for ever.
    var expirySeconds: UInt32
    /// Of the client that has taken it up, or had.
    var version: ProtocolVersion
    var subscriptions: [ByteBuffer: HeldSubscription]
    var window: QueueWindow
    /// QoS 2 messages that the client has published and not released: none of them is taken twice `[MQTT-4.3.3-10]`.
    /// By packet identifier, with the record that outlives a crash.
    var inbound: [UInt16: StoreNumber]
    /// Numbers of records that are over; the next exchanges take them, so that a long life leaves few behind.
    private var spareNumbers: [StoreNumber] = []

    var isShareMember: Bool {
        subscriptions.keys.contains(where: \.isSharedFilter)
    }

    /// Entries that have come from the store and wait for the window, in order and without gaps but for settled ones.
    var ready = Deque<QueueEntry>()
    var readyBytes = 0
    /// The next entry that `ready` wants.
    var expected: UInt64 = 1
    /// The last entry that the queue is known to have.
    var lastKnown: UInt64 = 0
    var isReading = false
    /// The last entry that was there when its client came back; nil until the store has been asked.
    var replayThrough: UInt64?
    /// Of `session.replayRate`.
    var replays = TokenBucket()
    /// The window has moved since the store was last told.
    var isCursorDirty = false

    /// Bytes of messages that wait in memory for one client; what is beyond waits in the store.
    static let readyByteLimit = 256 << 10

    init(
        place: SessionPlace, queue: StoreNumber, expirySeconds: UInt32, version: ProtocolVersion,
        subscriptions: [ByteBuffer: HeldSubscription] = [:], window: QueueWindow = QueueWindow(),
        inbound: [UInt16: StoreNumber] = [:]
    ) {
        self.place = place
        self.queue = queue
        self.expirySeconds = expirySeconds
        self.version = version
        self.subscriptions = subscriptions
        self.window = window
        self.inbound = inbound
    }

    /// A number for the record of one more exchange.
    func takeNumber(_ store: some MessageStore) -> StoreNumber { spareNumbers.popLast() ?? store.makeNumber() }

    /// The record is removed, or about to be.
    func giveBack(_ number: StoreNumber) { spareNumbers.append(number) }

    /// Records of exchanges under way.
    var exchangeNumbers: [StoreNumber] { Array(inbound.values) + window.released.map(\.number) }

    /// A connection takes it up: what is not settled will be read again from the store.
    func connect() {
        window.reconnect()
        forgetReady()
        replayThrough = nil
        // Until the store has been told who follows the queue: an earlier read could miss what comes in between.
        isReading = true
    }

    func forgetReady() {
        ready.removeAll()
        readyBytes = 0
        expected = window.next
        isReading = false
    }

    /// Whether the store has entries that `ready` does not.
    var isBehind: Bool { expected <= lastKnown }

    /// Messages that wait, in memory and in the store.
    var backlog: Int { ready.count + (isBehind ? Int(clamping: lastKnown - expected + 1) : 0) }

    /// Takes an entry that the store has just made durable, if it is the next one and goes out at once; else it will be
    /// read. Its body is a part of what some loop has submitted, so one that waits would hold on to all of that.
    func offer(_ entry: QueueEntry, receiveMaximum: Int, isOutputFull: Bool) {
        lastKnown = max(lastKnown, entry.sequence)
        guard !isReading, !isOutputFull, entry.sequence == expected,
            window.openCount + ready.count < receiveMaximum
        else { return }
        take(entry)
    }

    func take(_ page: QueuePage) {
        isReading = false
        lastKnown = max(lastKnown, page.lastSequence)
        if replayThrough == nil { replayThrough = page.lastSequence }
        for entry in page.entries where entry.sequence >= expected { take(entry) }
        expected = max(expected, page.coveredThrough + 1)
    }

    private func take(_ entry: QueueEntry) {
        expected = entry.sequence + 1
        ready.append(entry)
        readyBytes += entry.body.readableBytes
    }

    func takeReady() -> QueueEntry? {
        guard let entry = ready.popFirst() else { return nil }
        readyBytes -= entry.body.readableBytes
        return entry
    }
}
