import Logging
import MQTTCodec
import MartletBase
import MartletStore
import NIOCore
import Synchronization

/// The home loop of a shared group's queue: it hands out what waits as soon as a member has room. A message and the
/// queue's cursor move in one batch, so that a crash neither loses nor doubles one for a kept session.
extension BrokerShard {
    /// Names a group's queue to the store, among the tokens of connections, whose slots are below 16,777,216.
    private static let followerMark: UInt64 = 1 << 63

    static func isShareQueue(_ follower: UInt64) -> Bool { follower & followerMark != 0 }

    /// The queue is this loop's from now on.
    func adopt(_ queue: ShareQueue, settledThrough: UInt64 = 0) {
        shareHandOuts[queue.queue] = ShareHandOut(queue: queue, settledThrough: settledThrough, isReading: true)
        withBatch { $0.follow(queue.queue, as: Self.followerMark) }
        // What came before the store was told who follows is read.
        let loop = NIOLoopBound(self, eventLoop: loop)
        afterDurable(.call { isDurable in
            guard isDurable else { return }
            loop.value.read(queue.queue)
        })
    }

    /// The group's last kept session has gone, and with it what waited for it.
    func abandon(_ queue: ShareQueue) {
        guard shareHandOuts.removeValue(forKey: queue.queue) != nil else { return }
        throttledShares[queue.queue] = nil
        setWaits(queue, false)
        withBatch { batch in
            batch.unfollow(queue.queue)
            batch.endQueue(queue.queue)
            batch.remove(queue.record)
        }
    }

    /// A kept session joins a group: the first one brings the group's queue, which is stored with its subscription.
    /// - Parameter held: the subscription that is replaced; its session is a member already.
    func joinQueue(_ filter: ByteBuffer, _ held: HeldSubscription?, _ connection: ClientConnection) -> ShareQueue? {
        guard connection.session != nil, held == nil, filter.isSharedFilter else { return nil }
        let account = connection.account
        let (queue, isNew) = account.shareQueues.join(filter) {
            ShareQueue(
                account: account, filter: filter, queue: store.makeNumber(), record: store.makeNumber(),
                homeLoop: broker.homeLoop(ofShare: filter, account.account))
        }
        guard isNew else { return queue }
        let record = StoredShareQueue(account: account.account, queue: queue.queue, filter: filter)
        withBatch { batch in
            batch.openQueue(queue.queue)
            batch.put(queue.record, .shareQueue) { record.write(into: &$0) }
        }
        // What this loop stores comes before what the queue's home does with it.
        submitBatch()
        broker.mailboxes[Int(queue.homeLoop)].post(.run { $0.adopt(queue) })
        return queue
    }

    /// A kept session has left these groups.
    func leaveQueues(_ filters: some Sequence<ByteBuffer>, _ account: AccountContext) {
        for filter in filters where filter.isSharedFilter {
            guard let queue = account.shareQueues.leave(filter) else { continue }
            asWriter(of: account) { table in filter.withUnsafeReadableBytes { table.setQueue(.none, of: $0) } }
            broker.mailboxes[Int(queue.homeLoop)].post(.run { $0.abandon(queue) })
        }
    }

    /// The queue has a new entry.
    func offered(_ entry: QueueEntry) {
        shareHandOuts[entry.queue]?.lastKnown = entry.sequence
        if let queue = shareHandOuts[entry.queue]?.queue { handOut(queue) }
    }

    /// Something waits, or a member has got room.
    func handOut(_ queue: ShareQueue) {
        guard let state = shareHandOuts[queue.queue], !state.isReading, throttledShares[queue.queue] == nil else { return }
        guard state.settledThrough < state.lastKnown else { return setWaits(queue, false) }
        // Whoever gets room after this looks at it.
        setWaits(queue, true)
        guard hasRoom(in: queue) else { return }
        setWaits(queue, false)
        read(queue.queue)
    }

    private func setWaits(_ queue: ShareQueue, _ waits: Bool) {
        guard queue.waits.exchange(waits, ordering: .sequentiallyConsistent) != waits else { return }
        queue.account.shareQueues.waiting.add(waits ? 1 : -1, ordering: .sequentiallyConsistent)
    }

    private func read(_ number: StoreNumber) {
        guard let state = shareHandOuts[number] else { return }
        shareHandOuts[number]?.isReading = true
        let mailbox = broker.mailboxes[Int(index)]
        store.read(number, after: state.settledThrough, byteLimit: PersistentSession.readyByteLimit) { page in
            mailbox.post(.run { $0.hasRead(page, of: number) })
        }
    }

    private func hasRead(_ page: Result<QueuePage, StoreFailure>, of number: StoreNumber) {
        guard var state = shareHandOuts[number] else { return }
        state.isReading = false
        if case .success(let page) = page {
            state.lastKnown = max(state.lastKnown, page.lastSequence)
            let before = state.settledThrough
            let left = page.entries.first { $0.sequence > state.settledThrough && !handOut($0, of: state.queue) }
            state.settledThrough = left.map { $0.sequence - 1 } ?? max(page.coveredThrough, before)
            if state.settledThrough > before {
                let cursor = QueueCursor(settledThrough: state.settledThrough, sentThrough: state.settledThrough)
                withBatch { $0.moveCursor(of: number, to: cursor) }
            }
        }
        // Handing out has taken of it.
        state.drained = shareHandOuts[number]?.drained ?? state.drained
        shareHandOuts[number] = state
        if case .success = page { handOut(state.queue) }
    }

    /// Gives one message to a member; false when none has room.
    private func handOut(_ entry: QueueEntry, of queue: ShareQueue) -> Bool {
        guard let stored = StoredMessage(entry.body) else {
            logger.error("a stored message cannot be read", metadata: ["queue": "\(entry.queue.rawValue)"])
            return true
        }
        return asReader(of: queue.account) {
            guard takesDrain(queue), let member = chosenMember(of: queue, qos: entry.flags) else { return false }
            stored.withMessage(at: broker.clock.now(), qos: entry.flags, hasher: broker.topicHasher) { message in
                guard let message else { return counters.droppedExpired += 1 }
                withUnsafePointer(to: member) {
                    _ = deliver(message, to: UnsafeBufferPointer(start: $0, count: 1), in: queue.account)
                }
            }
            return true
        }
    }

    private func chosenMember(of queue: ShareQueue, qos: UInt8) -> SubscriptionEntry? {
        let table = queue.account.subscriptions.table
        return queue.filter.withUnsafeReadableBytes { filter in
            guard let share = ShareName(filter), let group = table.group(share.name, share.matched) else { return nil }
            return choose(group, table.members(ofGroup: group), qos: qos, onlyKept: false).free
        }
    }

    private func hasRoom(in queue: ShareQueue) -> Bool {
        asReader(of: queue.account) {
            let table = queue.account.subscriptions.table
            return queue.filter.withUnsafeReadableBytes { filter in
                guard let share = ShareName(filter), let group = table.group(share.name, share.matched) else { return false }
                return table.members(ofGroup: group).contains(where: mayTake)
            }
        }
    }
}

extension StoredMessage {
    /// Lends the message as it goes on now, with what is left of its expiry; nil when that is over.
    func withMessage(at now: WallInstant, qos: UInt8, hasher: TopicHasher, _ body: (OutgoingMessage?) -> Void) {
        withParts { topic, properties, payload in
            let expiry = remainingExpiry(of: properties, at: now)
            guard !expiry.isOver else { return body(nil) }
            var copy = ByteBuffer(bytes: properties)
            if let seconds = expiry.seconds { copy.setInteger(seconds, at: expiry.offset) }
            copy.withUnsafeReadableBytes { properties in
                body(
                    OutgoingMessage(
                        topic: topic, properties: properties, payload: payload, qos: qos, retain: false,
                        topicHash: hasher.hash(topic), expiryOffset: expiry.seconds.map { _ in expiry.offset }, publisher: nil))
            }
        }
    }

    /// What is left of the message's expiry `[MQTT-3.3.2-6]`.
    func remainingExpiry(of properties: UnsafeRawBufferPointer, at now: WallInstant) -> RemainingExpiry {
        guard properties.count > 0, let summary = try? PublishProperties.scan(properties, sender: .server),
            let interval = summary.messageExpiryInterval
        else { return RemainingExpiry() }
        let age = now.millisecondsSinceEpoch - publishedAt.millisecondsSinceEpoch
        let waited = UInt32(clamping: max(0, age) / 1000)
        return RemainingExpiry(
            seconds: interval - min(waited, interval), offset: Int(summary.messageExpiryOffset) + 1,
            isOver: waited >= interval && waited > 0)
    }

    struct RemainingExpiry {
        /// nil: it never expires.
        var seconds: UInt32?
        /// Of the four bytes among the properties.
        var offset = 0
        var isOver = false
    }
}
