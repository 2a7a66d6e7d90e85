import HeapModule
import IoTPolicy
package import Logging
import MQTTCodec
import MartletBase
import MartletStore
package import NIOCore

/// The broker of one event loop: its connections with their state, its counters and its clock of seconds. A plain class
/// that only its loop touches, so nothing in it takes a lock. What it asks of other loops it sends as messages.
package final class BrokerShard {
    let index: UInt16
    let broker: Broker
    package let loop: any EventLoop
    let limits: BrokerLimits
    let behaviour: BrokerBehaviour
    let pace: ShardPace
    let logger: Logger
    var refusals: RefusalLog
    package internal(set) var counters = BrokerCounters()

    /// Connections by slot. A free slot holds nil and keeps its generation for the next one.
    private(set) var connections: [ClientConnection?] = []
    private var generations: [UInt32] = []
    private var freeSlots: [UInt32] = []

    var directory = ClientDirectory()
    /// From this loop to itself.
    var ownMessages = CircularBuffer<DirectoryMessage>()
    var isHandlingOwnMessages = false
    /// When clients that are away are to be looked at.
    var clientTimers = Heap<ClientTimer>()
    /// Connections that were open when the server before this one died.
    var openAtCrash: [(ClientEntry, NetworkSession)] = []
    /// Wills of ended connections whose policies are being looked up.
    var willsUnderWay = 0
    let shadowService: (any ServiceMailbox)?
    var isDraining = false

    let store: any MessageStore
    /// What this turn stores.
    var batch = StoreBatch()
    var submitted = StoreTicket.zero
    var durable = StoreTicket.zero
    /// In the order of their tickets.
    var waiters = CircularBuffer<(StoreTicket, StoreWaiter)>()
    /// More waits to be stored than the limit: publishers who wait for it are not read from.
    var isStoreBehind = false
    /// What the store last said of itself.
    var storeCondition = StoreCondition.working
    /// Sessions whose cursors the store is to be told of.
    var dirtySessions: [PersistentSession] = []
    /// Scratch: the queues that get the message under way.
    var queueTargets: [QueueTarget] = []
    /// Whose turn it is in shared groups.
    var shareTurns = [UInt32](repeating: 0, count: 256)
    /// Queues of shared groups that have this loop as their home.
    var shareHandOuts: [StoreNumber: ShareHandOut] = [:]
    /// Messages of shared groups that this turn has given to connections which have not heard of them yet.
    var shareGiven: [ConnectionRef: Int] = [:]

    /// Seconds since the shard began, counted by its tick.
    private(set) var second: UInt32 = 0
    private var startedAt: NIODeadline
    private var tick: RepeatedTask?
    private let timers = TimerWheel(currentSecond: 0)

    /// Connections with bytes that wait for the end of this turn.
    private var dirty: [ClientConnection] = []
    private var isTurnEndScheduled = false
    private var idleBuffers: [ByteBuffer] = []
    private static let idleBufferLimit = 64
    private static let outputBufferBytes = 4096
    /// Larger ones are given back to the system.
    private static let idleBufferBytes = 256 << 10

    /// What is being handed to each other loop at the end of this turn.
    private var outboxes: [DeliveryBatch?]
    private var idleBatches: [DeliveryBatch] = []
    /// A batch that has grown to this size does not wait for the end of the turn.
    private static let batchBytes = 1 << 20
    /// Loops that have more to deliver than `ShardMailbox.byteLimit`: while there are any, no client is read from.
    private var overloadedLoops: Set<Int> = []
    private static let idleBatchLimit = 8
    let localBatch = DeliveryBatch()

    /// Connections that a rate or the memory limit has stopped; the next second looks at them.
    var throttled: [ConnectionRef] = []
    /// Queues of shared groups that `share.drainRate` has stopped, likewise.
    var throttledShares: [StoreNumber: ShareQueue] = [:]
    /// As the second began.
    var isMemoryFull = false
    /// A publisher may have to wait: what its packets are asked before anything else.
    var holdsPublishers: Bool

    /// The account whose subscription index is locked for reading while a batch of packets is handled.
    private var lockedForReading: AccountContext?
    /// Scratch of the slow path: what matched a topic, and the targets that follow from it.
    var matches = SubscriptionMatches()
    var targets: [SubscriptionEntry] = []

    package init(
        index: UInt16, broker: Broker, loop: any EventLoop, limits: BrokerLimits, behaviour: BrokerBehaviour,
        logger: Logger
    ) {
        self.index = index
        self.broker = broker
        self.loop = loop
        self.limits = limits
        self.behaviour = behaviour
        self.pace = ShardPace(limits)
        self.holdsPublishers = pace.publishBytes != nil
        self.logger = logger
        self.refusals = RefusalLog(logger)
        self.store = broker.store
        self.shadowService = broker.service(for: .shadow)
        self.startedAt = loop.now
        self.outboxes = Array(repeating: nil, count: broker.loopCount)
    }
}

// MARK: Connections

extension BrokerShard {
    /// A transport has been accepted. nil when there is no room even to refuse it.
    package func attach(
        _ transport: any ConnectionTransport, account: AccountContext, peer: PeerIdentity
    ) -> ClientConnection? {
        guard !isDraining else { return nil }
        let admission = broker.admitConnection()
        if case .closed = admission { return nil }
        let slot = freeSlots.popLast() ?? newSlot()
        generations[Int(slot)] &+= 1
        let connection = ClientConnection(
            slot: slot, generation: generations[Int(slot)], account: account, peer: peer, transport: transport)
        if case .refused(let limit) = admission { connection.admissionLimit = limit }
        connection.endsAtSecond = peer.lifetime.map { second &+ UInt32(clamping: $0.seconds) &+ 1 }
        broker.abuse?.note(.connects, by: peer.address)
        connections[Int(slot)] = connection
        counters.connectionsAccepted += 1
        counters.connectionsOpen += 1
        timers.arm(id: slot, deadlineSecond: second + UInt32(limits.connectTimeoutSeconds) + 1)
        return connection
    }

    private func newSlot() -> UInt32 {
        connections.append(nil)
        generations.append(0)
        broker.rooms[Int(index)].set(0, slot: UInt32(connections.count - 1))
        return UInt32(connections.count - 1)
    }

    func freeSlot(of connection: ClientConnection) {
        timers.disarm(id: connection.slot)
        connections[Int(connection.slot)] = nil
        freeSlots.append(connection.slot)
        counters.connectionsOpen -= 1
        broker.giveConnectionBack()
    }

    func ref(_ connection: ClientConnection) -> ConnectionRef {
        ConnectionRef(loop: index, slot: connection.slot, generation: connection.generation)
    }

    func connection(_ ref: ConnectionRef) -> ClientConnection? { connection(ref.slot, ref.generation) }

    @inline(__always)
    func connection(_ slot: UInt32, _ generation: UInt32) -> ClientConnection? {
        guard Int(slot) < connections.count, let connection = connections[Int(slot)],
            connection.generation == generation
        else { return nil }
        return connection
    }

    var openConnections: some Sequence<ClientConnection> { connections.lazy.compactMap(\.self) }
}

// MARK: Turns

extension BrokerShard {
    /// Brackets the packets of one read: the account's subscription index is locked for reading in between.
    package func beginReading(_ connection: ClientConnection) { lockForReading(connection.account) }

    package func endReading(_ connection: ClientConnection) { unlockForReading() }

    private func lockForReading(_ account: AccountContext) {
        account.subscriptions.lockForReading(loop: Int(index))
        lockedForReading = account
    }

    private func unlockForReading() {
        lockedForReading?.subscriptions.unlock(loop: Int(index))
        lockedForReading = nil
    }

    /// Runs `body` as a reader of the account's index, whoever holds the lock already.
    func asReader<Result>(of account: AccountContext, _ body: () -> Result) -> Result {
        if lockedForReading === account { return body() }
        let outer = lockedForReading
        unlockForReading()
        lockForReading(account)
        defer {
            unlockForReading()
            if let outer { lockForReading(outer) }
        }
        return body()
    }

    /// Runs `body` as a writer. A writer takes every loop's lock, so this loop lets go of its own first.
    func asWriter<Result>(of account: AccountContext, _ body: (SubscriptionTable) -> Result) -> Result {
        let outer = lockedForReading
        unlockForReading()
        defer { if let outer { lockForReading(outer) } }
        return account.subscriptions.withWriter(body)
    }

    /// Bytes wait for this connection's socket: they leave at the end of the turn.
    @inline(__always)
    func markDirty(_ connection: ClientConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        scheduleTurnEnd()
    }

    @inline(__always)
    func scheduleTurnEnd() {
        guard !isTurnEndScheduled else { return }
        isTurnEndScheduled = true
        loop.assumeIsolatedUnsafeUnchecked().execute { self.endTurn() }
    }

    /// One hand-over to each other loop and one flush for each connection that has something to say.
    private func endTurn() {
        isTurnEndScheduled = false
        handOverOutboxes()
        submitBatch()
        if !shareGiven.isEmpty { shareGiven.removeAll(keepingCapacity: true) }
        let connections = dirty
        dirty.removeAll(keepingCapacity: true)
        for connection in connections {
            connection.isDirty = false
            guard !connection.isClosed else { continue }
            sendRetained(to: connection)
            flush(connection)
            // What did not fit waits for this flush, which may have taken all.
            if connection.retainedDeliveries != nil, connection.output.isEmpty { markDirty(connection) }
        }
    }

    func handOverOutboxes() {
        for loop in outboxes.indices { handOver(to: loop) }
    }

    private func handOver(to loop: Int) {
        guard let batch = outboxes[loop] else { return }
        outboxes[loop] = nil
        if broker.mailboxes[loop].post(batch) { overloadedLoops.insert(loop) }
    }

    /// Batches that already have something for their loop in this turn.
    var openOutboxes: some Sequence<DeliveryBatch> { outboxes.lazy.compactMap(\.self) }

    func outbox(for loop: UInt16) -> DeliveryBatch {
        if let batch = outboxes[Int(loop)] {
            if batch.byteCount < Self.batchBytes { return batch }
            handOver(to: Int(loop))
        }
        let batch = idleBatches.popLast() ?? DeliveryBatch()
        outboxes[Int(loop)] = batch
        scheduleTurnEnd()
        return batch
    }

    func drainMailbox() {
        let (messages, wasOverloaded) = broker.mailboxes[Int(index)].take()
        defer { if wasOverloaded { announceRoom() } }
        for message in messages {
            switch message {
            case .deliver(let batch):
                deliver(batch)
                batch.reset()
                if idleBatches.count < Self.idleBatchLimit, !batch.isLarge { idleBatches.append(batch) }
            case .directory(let message): handle(message)
            case .stored(let report): stored(report)
            case .run(let work): work(self)
            }
        }
    }
}

// MARK: Back-pressure between loops

extension BrokerShard {
    /// False while what clients send could not be passed on.
    var takesPackets: Bool { overloadedLoops.isEmpty }

    /// This loop has delivered what waited: the others may read again.
    private func announceRoom() {
        let room = Int(index)
        for mailbox in broker.mailboxes { mailbox.post(.run { $0.hasRoom(loop: room) }) }
    }

    private func hasRoom(loop: Int) {
        guard overloadedLoops.remove(loop) != nil, overloadedLoops.isEmpty else { return }
        for connection in openConnections where connection.acceptsPackets { connection.transport.resumeReading() }
    }
}

// MARK: Output

extension BrokerShard {
    @inline(__always)
    func ensureOutput(_ connection: ClientConnection) {
        if connection.output.tail.capacity == 0 { connection.output.tail = takeBuffer() }
    }

    private func takeBuffer() -> ByteBuffer {
        idleBuffers.popLast() ?? ByteBufferAllocator().buffer(capacity: Self.outputBufferBytes)
    }

    /// Encodes one packet for the connection. One that is larger than the client takes goes without its reason string
    /// `[MQTT-3.2.2-19]` `[MQTT-3.4.2-2]` `[MQTT-3.14.2-3]`, or not at all `[MQTT-3.1.2-24]`.
    /// - Returns: whether there was room for it.
    @discardableResult
    func send(_ packet: Packet, to connection: ClientConnection) -> Bool {
        ensureOutput(connection)
        let start = connection.output.tail.writerIndex
        append(packet, to: connection)
        guard connection.output.tail.writerIndex - start > connection.clientPacketBytes else { return true }
        connection.output.tail.moveWriterIndex(to: start)
        guard let shorter = packet.withoutReasonString else { return false }
        append(shorter, to: connection)
        guard connection.output.tail.writerIndex - start > connection.clientPacketBytes else { return true }
        connection.output.tail.moveWriterIndex(to: start)
        return false
    }

    private func append(_ packet: Packet, to connection: ClientConnection) {
        do throws(PacketEncodingError) {
            try packet.encode(into: &connection.output.tail, version: connection.version)
            counters.answersOut += 1
            markDirty(connection)
        } catch {
            logger.error("a packet could not be written", metadata: ["error": "\(error)"])
        }
    }

    /// Gives the transport what waits, when it takes anything; else the bytes stay here until it does.
    func flush(_ connection: ClientConnection) {
        guard !connection.output.isEmpty, connection.transport.isWritable else { return }
        let transport = connection.transport
        let wasFull = connection.output.byteCount > limits.outboundBytes
        counters.bytesOut += connection.output.byteCount
        for chunk in connection.output.chunks { transport.write(chunk) }
        connection.output.removeChunks()
        var tail = ByteBuffer()
        swap(&tail, &connection.output.tail)
        if tail.readableBytes > 0 { transport.write(tail) }
        transport.flush()
        if wasFull, mayRead(connection) { transport.resumeReading() }
        if idleBuffers.count < Self.idleBufferLimit, tail.capacity <= Self.idleBufferBytes, transport.isWritable {
            tail.clear()
            idleBuffers.append(tail)
        }
    }

    /// The socket takes bytes again.
    package func writabilityChanged(_ connection: ClientConnection) {
        guard connection.transport.isWritable, !connection.isClosed else { return }
        flush(connection)
        sendPending(connection)
        sendQueued(to: connection)
        sendRetained(to: connection)
        noteRoom(of: connection)
        if mayRead(connection) { connection.transport.resumeReading() }
    }

    /// Whether the connection's packets are handled now. Not while CONNECT is being decided, while the client does not
    /// read what it was answered, while another loop has too much to deliver, or while the store is behind with what
    /// the client has published.
    package func mayRead(_ connection: ClientConnection) -> Bool {
        connection.acceptsPackets && takesPackets && connection.output.byteCount <= limits.outboundBytes
            && !connection.waitsForStore && connection.holds.isEmpty
            && (connection.version == .v5 || connection.pendingPubAcks < limits.inflightIn)
    }
}

// MARK: Time

extension BrokerShard {
    /// Begins to count seconds. Called once, on the loop.
    package func start() {
        let shard = NIOLoopBound(self, eventLoop: loop)
        tick = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            shard.value.advanceClock()
        }
    }

    package func stopClock() {
        tick?.cancel()
        tick = nil
    }

    private func advanceClock() {
        refusals.tick()
        second = UInt32((loop.now - startedAt).nanoseconds / 1_000_000_000)
        beginSecondOfLimits()
        var expired: [ClientConnection] = []
        timers.advance(toSecond: second) { slot in
            guard let connection = connections[Int(slot)] else { return nil }
            let deadline = deadline(of: connection)
            if deadline > second { return deadline }
            expired.append(connection)
            return nil
        }
        for connection in expired { silenceLimitReached(connection) }
        expireClients()
        syncStore()
        if index == 0 { tellSystemTopics() }
    }

    /// 1.5 times keep-alive after the client was last heard `[MQTT-3.1.2-24]`, never earlier: times are whole seconds.
    private func silenceDeadline(of connection: ClientConnection) -> UInt32 {
        if connection.phase != .connected {
            return connection.lastHeardSecond + UInt32(limits.connectTimeoutSeconds) + 1
        }
        guard connection.keepAliveSeconds > 0 else { return .max }
        return connection.lastHeardSecond + UInt32((connection.keepAliveSeconds * 3 + 1) / 2) + 1
    }

    /// When the client has been silent for too long, or its time is over.
    private func deadline(of connection: ClientConnection) -> UInt32 {
        min(silenceDeadline(of: connection), connection.endsAtSecond ?? .max)
    }

    private func silenceLimitReached(_ connection: ClientConnection) {
        if let lifetime = connection.peer.lifetime, connection.endsAtSecond ?? .max <= second {
            close(connection, .lifetimeOver(lifetime))
        } else if connection.waitsForStore {
            // It was not read, so that it could not be heard.
            connection.lastHeardSecond = second
            timers.arm(id: connection.slot, deadlineSecond: deadline(of: connection))
        } else if connection.phase == .connected {
            close(connection, .keepAliveTimeout(keepAliveSeconds: connection.keepAliveSeconds))
        } else {
            let limit = limits.connectTimeoutSeconds
            close(
                connection,
                .limit(LimitExceeded("connect.timeoutSeconds", limit: limit, asked: limit, reasonCode: .maximumConnectTime)))
        }
    }

    /// From now on silence is measured by the client's keep-alive; 0 is no limit.
    func armKeepAlive(_ connection: ClientConnection) {
        timers.disarm(id: connection.slot)
        let deadline = deadline(of: connection)
        guard deadline < .max else { return }
        timers.arm(id: connection.slot, deadlineSecond: deadline)
    }
}
