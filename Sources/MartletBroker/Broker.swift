package import Logging
import MQTTCodec
package import MartletBase
package import MartletStore
package import NIOCore
import Synchronization

/// The broker of one node: a shard per event loop, the accounts they share, and what comes in from outside. Events come
/// in as packets and transports, effects go out as bytes; there is no socket in here.
///
/// The life of a PUBLISH (ARCHITECTURE.md) runs through `BrokerShard+Receive`, `+Publish` and `+Deliver`.
package final class Broker: Sendable {
    package let clock: any WallClock
    package let random: any RandomSource
    package let authority: any ConnectionAuthority
    package let store: any MessageStore
    package let loops: [any EventLoop]
    let mailboxes: [ShardMailbox]
    /// The kept sessions of all accounts.
    let sessions: SessionTable
    /// By loop.
    let rooms: [RoomTable]
    let topicHasher: TopicHasher
    let limits: BrokerLimits
    let behaviour: BrokerBehaviour
    private let logger: Logger
    private let region: String
    private let seed: UInt64
    let accounts = Mutex<[AccountID: AccountContext]>([:])
    private let openConnections = Atomic<Int>(0)
    private let services = Mutex<[ReservedTopics.Area: any ServiceMailbox]>([:])
    /// What the store had at the start, by home loop, until that loop's shard takes it.
    private let restored = Mutex<[UInt16: [RestoredClient]]>([:])
    private let restoredShareQueues = Mutex<[UInt16: [ShareQueue]]>([:])
    /// The first shard removes them.
    private let orphans = Mutex(Orphans())
    /// Source addresses that do too much wrong; nil while no budget is set.
    package let abuse: AbuseGuard?
    /// Tells how much memory the process has; asked once a second, by the first loop.
    private let memoryProbe: @Sendable () -> Int
    private let isAboveMemory = Atomic<Bool>(false)
    /// Above all that earlier processes have given out.
    private let firstRevision: UInt64
    let systemTopics = SystemTopics()
    private let onStoreCondition: @Sendable (StoreCondition) -> Void

    package init(
        region: String, loops: [any EventLoop], limits: BrokerLimits, behaviour: BrokerBehaviour,
        authority: any ConnectionAuthority, store: any MessageStore, clock: any WallClock, random: any RandomSource,
        logger: Logger, abuse: AbuseGuard? = nil, memoryProbe: @escaping @Sendable () -> Int = { 0 },
        onStoreCondition: @escaping @Sendable (StoreCondition) -> Void = { _ in }
    ) {
        self.region = region
        self.loops = loops
        self.limits = limits
        self.behaviour = behaviour
        self.authority = authority
        self.store = store
        self.abuse = abuse
        self.memoryProbe = memoryProbe
        self.onStoreCondition = onStoreCondition
        firstRevision = store.highestRevision
        sessions = SessionTable(limit: limits.sessions)
        self.clock = clock
        self.random = random
        self.logger = logger
        seed = random.nextUInt64()
        topicHasher = TopicHasher(seed: seed)
        precondition(loops.count <= SessionTable.loopLimit, "more event loops than the session table can name")
        mailboxes = loops.map { ShardMailbox(loop: $0) }
        rooms = loops.map { _ in RoomTable() }
    }

    var loopCount: Int { loops.count }

    /// Makes the shard of one loop and starts its clock. Called once for each loop, on it.
    package func makeShard(_ index: Int) -> BrokerShard {
        let shard = BrokerShard(
            index: UInt16(index), broker: self, loop: loops[index], limits: limits, behaviour: behaviour,
            logger: logger)
        mailboxes[index].attach(NIOLoopBound(shard, eventLoop: loops[index]))
        let mailbox = mailboxes[index]
        store.attach(loop: index) { mailbox.post(.stored($0)) }
        shard.remove(orphans.withLock { orphans in exchange(&orphans, with: Orphans()) })
        shard.restore(restored.withLock { $0.removeValue(forKey: UInt16(index)) } ?? [])
        for queue in restoredShareQueues.withLock({ $0.removeValue(forKey: UInt16(index)) ?? [] }) {
            shard.adopt(queue, settledThrough: store.queue(queue.queue)?.cursor.settledThrough ?? 0)
        }
        shard.start()
        return shard
    }

    /// Puts a service behind its reserved topics. Before the shards are made.
    package func setService(_ mailbox: any ServiceMailbox, for area: ReservedTopics.Area) {
        services.withLock { $0[area] = mailbox }
    }

    func service(for area: ReservedTopics.Area) -> (any ServiceMailbox)? { services.withLock { $0[area] } }

    func storeHasChanged(to condition: StoreCondition) {
        switch condition {
        case .working: logger.notice("the message store works again: what must be kept is taken")
        case .full(let failure):
            logger.critical("the message store is full: what must be kept is refused", metadata: failure.metadata)
        case .stalled(let failure):
            logger.critical(
                "the message store cannot write: acknowledgements wait, and what must be kept is refused",
                metadata: failure.metadata)
        }
        onStoreCondition(condition)
    }

    package func account(_ id: AccountID) -> AccountContext {
        accounts.withLock { accounts in
            if let context = accounts[id] { return context }
            let context = AccountContext(
                realm: Realm(region: region, account: id),
                subscriptions: SubscriptionIndex(
                    loopCount: loops.count, seed: seed, multiLevelMatchesParent: !behaviour.isAWS),
                retained: RetainedMessages(
                    seed: seed, countLimit: limits.retainedMessages, byteLimit: limits.retainedBytes,
                    firstRevision: firstRevision), rates: AccountRates(limits.rates))
            accounts[id] = context
            return context
        }
    }

    /// nil for an account of which nothing has been heard: asking about one makes nothing.
    func knownAccount(_ id: AccountID) -> AccountContext? { accounts.withLock { $0[id] } }

    /// The loop that serialises CONNECT and take-over of a client id.
    func homeLoop(of key: ClientKey) -> UInt16 {
        var hasher = Hasher()
        hasher.combine(key)
        return UInt16(UInt(bitPattern: hasher.finalize()) % UInt(loops.count))
    }

    /// The loop that hands out what waits for a shared group.
    func homeLoop(ofShare filter: ByteBuffer, _ account: AccountID) -> UInt16 {
        homeLoop(of: ClientKey(account: account, clientID: String(buffer: filter)))
    }

    /// What a socket beyond the limits gets.
    enum Admission {
        case welcome
        /// Its CONNECT is answered with the limit.
        case refused(LimitExceeded)
        /// Even answers have a limit: so many wait to be refused that this one is just closed.
        case closed
    }

    /// Connections above the limit that may wait for their refusal.
    private static let refusalRoom = 128

    /// Counts a connection in and compares with `connect.max`.
    func admitConnection() -> Admission {
        let (_, now) = openConnections.add(1, ordering: .relaxed)
        let limit = limits.connections
        if now <= limit { return .welcome }
        if now <= limit + Self.refusalRoom {
            return .refused(LimitExceeded("connect.max", limit: limit, asked: now, reasonCode: .quotaExceeded))
        }
        giveConnectionBack()
        return .closed
    }

    /// Above `memory.maxBytes`, until the process has come down to 95 % of it.
    var isMemoryFull: Bool { isAboveMemory.load(ordering: .relaxed) }

    /// Called once a second, on the first loop.
    func measureMemory() {
        guard let limit = limits.memoryBytes else { return }
        let used = memoryProbe()
        let wasAbove = isMemoryFull
        let isAbove = wasAbove ? used >= limit / 100 * 95 : used > limit
        guard isAbove != wasAbove else { return }
        isAboveMemory.store(isAbove, ordering: .relaxed)
        logger.warning(
            isAbove ? "memory limit reached: publishers wait, CONNECT is refused" : "memory is below its limit again",
            metadata: ["limit": "memory.maxBytes", "allowed": "\(limit)", "used": "\(used)"])
    }

    func giveConnectionBack() { openConnections.subtract(1, ordering: .relaxed) }
}

// MARK: The control plane's questions

extension Broker {
    /// Runs `body` on every shard and returns what each said, in loop order.
    func onEveryShard<Answer: Sendable>(
        _ body: @escaping @Sendable (BrokerShard, @escaping @Sendable (Answer) -> Void) -> Void
    ) async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            for index in loops.indices {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        self.mailboxes[index].post(
                            .run { shard in body(shard) { continuation.resume(returning: (index, $0)) } })
                    }
                }
            }
            var answers: [(Int, Answer)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Returns when every live connection that the change touches has been decided anew, on every loop.
    package func reauthorize(_ affected: AffectedConnections) async {
        _ = await onEveryShard { shard, done in shard.reauthorize(affected) { done(()) } }
    }

    package func counters() async -> BrokerCounters {
        await onEveryShard { shard, done in
            var counters = shard.counters
            counters.clientsKnown = shard.directory.count
            done(counters)
        }.reduce(BrokerCounters(), +)
    }

    /// Kept sessions, whether or not their clients are connected.
    package var sessionCount: Int { sessions.count }

    package func retainedCount() -> Int {
        accounts.withLock { $0.values.reduce(0) { $0 + $1.retained.count } }
    }

    /// Takes no more connections and ends all there are, v5 clients with reason code 0x8B. Returns when what follows
    /// from that is on disk: wills in the queues of those who are away, and the clients' last words.
    package func drain() async {
        _ = await onEveryShard { shard, done in
            shard.isDraining = true
            for connection in Array(shard.openConnections) { shard.close(connection, .shutdown) }
            shard.stopClock()
            done(())
        }
        await settle()
    }

    /// What loops had told each other by now has been heard, and what follows from it, and what they stored is on disk.
    private func settle() async {
        for _ in 0..<3 {
            _ = await onEveryShard { shard, done in
                shard.submitBatch()
                shard.afterDurable(.call { _ in done(()) })
                shard.stopWaitingForStalledStore()
            }
        }
    }

    /// Broker and shards hold each other; from here on they do not. For who makes many brokers in one process.
    package func dismantle() {
        for mailbox in mailboxes { mailbox.detach() }
    }

    /// Whether a client is connected, since when, or why it left; nil when nothing is known of it.
    package func connectivity(of clientID: String, in account: AccountID) async -> ClientConnectivity? {
        let key = ClientKey(account: account, clientID: clientID)
        return await withCheckedContinuation { continuation in
            mailboxes[Int(homeLoop(of: key))].post(
                .run { shard in
                    continuation.resume(returning: shard.directory[key].flatMap { ClientConnectivity($0.presence) })
                })
        }
    }

    /// A thing is gone: what was remembered of its connections goes too (lifecycle-events.md section 2).
    package func thingDeleted(_ name: String, in account: AccountID) {
        let key = ClientKey(account: account, clientID: name)
        mailboxes[Int(homeLoop(of: key))].post(.run { $0.thingDeleted(key) })
    }
}

extension Broker: ServicePublisher {
    package func publish(_ messages: [ServiceMessage], lane: String, in account: AccountID) async -> Bool {
        let context = self.account(account)
        let loop = Int(homeLoop(of: ClientKey(account: account, clientID: lane)))
        return await withCheckedContinuation { continuation in
            mailboxes[loop].post(
                .run { shard in
                    for message in messages {
                        shard.publish(
                            topic: ByteBuffer(string: message.topic), payload: message.payload, properties: ByteBuffer(),
                            qos: min(message.qos, 1), retain: false, account: context)
                    }
                    shard.afterDurable(.call { continuation.resume(returning: $0) })
                })
        }
    }
}

// MARK: The start

extension Broker {
    /// Takes back what an earlier process left in the store: retained messages, and sessions with their subscriptions.
    /// Before the shards are made.
    package func load() throws(StoreFailure) {
        var contents = StoredContents()
        try store.forEachRecord { number, kind, body throws(StoreFailure) in
            do throws(StoredFormatError) {
                try contents.add(number, kind, body)
            } catch {
                throw .corrupt(file: "record \(number.rawValue)", offset: 0, because: error.problem)
            }
        }
        for (number, account, message) in contents.retained {
            if let other = self.account(account).retained.restore(message, number: number) {
                contents.addOrphan(other)
            }
        }
        // Beyond a `session.max` that was lowered, sessions end whole: their queues and subscriptions are nobody's.
        for (number, client) in contents.clients { restore(client, number: number, &contents) }
        let shareQueues = restoreShareQueues(&contents)
        let keptQueues = restored.withLock { $0.values.flatMap { $0.compactMap(\.session?.queue) } } + shareQueues
        let orphanQueues = Set(store.queueNumbers).subtracting(keptQueues)
        orphans.withLock { $0 = Orphans(records: contents.orphans, queues: Array(orphanQueues)) }
    }

    /// Gives groups that have kept members their queues back. Returns the queues.
    private func restoreShareQueues(_ contents: inout StoredContents) -> [StoreNumber] {
        var members: [AccountID: [ByteBuffer: Int]] = [:]
        for client in restored.withLock({ $0.values.flatMap(\.self) }) {
            for filter in client.session?.subscriptions.keys ?? [:].keys where filter.isSharedFilter {
                members[client.account.account, default: [:]][filter, default: 0] += 1
            }
        }
        var queues: [StoreNumber] = []
        for (record, stored) in contents.shareQueues {
            guard let count = members[stored.account]?.removeValue(forKey: stored.filter), store.queue(stored.queue) != nil
            else {
                contents.addOrphan(record)
                continue
            }
            restoreShareQueue(stored, record: record, members: count)
            queues.append(stored.queue)
        }
        return queues
    }

    private func restoreShareQueue(_ stored: StoredShareQueue, record: StoreNumber, members: Int) {
        let context = account(stored.account)
        let queue = ShareQueue(
            account: context, filter: stored.filter, queue: stored.queue, record: record,
            homeLoop: homeLoop(ofShare: stored.filter, stored.account))
        for _ in 0..<members { _ = context.shareQueues.join(stored.filter) { queue } }
        context.subscriptions.withWriter { table in
            stored.filter.withUnsafeReadableBytes { table.setQueue(stored.queue, of: $0) }
        }
        restoredShareQueues.withLock { $0[queue.homeLoop, default: []].append(queue) }
    }

    private func restore(_ client: StoredClient, number: StoreNumber, _ contents: inout StoredContents) {
        let context = account(client.key.account)
        let entry = RestoredClient(
            record: client, number: number, account: context, session: restoreSession(client, context, &contents))
        restored.withLock { $0[homeLoop(of: client.key), default: []].append(entry) }
    }

    private func restoreSession(
        _ client: StoredClient, _ account: AccountContext, _ contents: inout StoredContents
    ) -> PersistentSession? {
        guard let stored = client.session, let queue = store.queue(stored.queue),
            let place = sessions.make(queue: stored.queue)
        else { return nil }
        let subscriptions = contents.takeSubscriptions(of: stored.queue)
        account.subscriptions.withWriter { table in
            for (filter, held) in subscriptions {
                let entry = SubscriptionEntry(
                    subscriber: place.ref.slot, loop: place.ref.loop, generation: place.ref.generation,
                    options: held.options, subscriptionID: held.subscriptionID)
                filter.withUnsafeReadableBytes { table.subscribe(to: $0, entry) }
            }
        }
        let (inbound, released) = contents.takeExchanges(of: stored.queue)
        var window = QueueWindow(queue.cursor, released: released)
        // The store hears of what was sent behind the client. So what was there for a client that was connected when
        // the server died may have been sent; DUP on one that was not does no harm, and none on one that was would.
        if client.open != nil { window.assumeSent(through: queue.lastSequence) }
        return PersistentSession(
            place: place, queue: stored.queue, expirySeconds: stored.expirySeconds, version: stored.version,
            subscriptions: subscriptions, window: window, inbound: inbound)
    }

    /// Tells of the connections that were open when the server before this one died, and publishes their wills. Returns
    /// when that is done; clients connect afterwards.
    package func recover() async {
        _ = await onEveryShard { shard, done in
            shard.closeAllAfterCrash()
            done(())
        }
        repeat { await settle() } while await willsUnderWay() > 0
    }

    private func willsUnderWay() async -> Int {
        await onEveryShard { shard, done in done(shard.willsUnderWay) }.reduce(0, +)
    }
}
