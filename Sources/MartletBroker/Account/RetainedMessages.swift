import MQTTCodec
package import MartletBase
package import MartletStore
import NIOConcurrencyHelpers
package import NIOCore

/// One retained message. Immutable, so every loop may hold it.
package final class RetainedMessage: Sendable {
    package let topic: ByteBuffer
    package let payload: ByteBuffer
    /// v5 properties without Topic Alias, without their length.
    package let properties: ByteBuffer
    package let qos: UInt8
    package let storedAt: WallInstant
    /// Seconds from `storedAt` after which it is no longer delivered.
    package let expirySeconds: UInt32?

    package init(
        topic: ByteBuffer, payload: ByteBuffer, properties: ByteBuffer, qos: UInt8, storedAt: WallInstant,
        expirySeconds: UInt32?
    ) {
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.qos = qos
        self.storedAt = storedAt
        self.expirySeconds = expirySeconds
    }

    package var byteCount: Int { topic.readableBytes + payload.readableBytes + properties.readableBytes }

    /// Whole seconds that are left to it; nil when it never expires, 0 when its time is over.
    package func remainingSeconds(at now: WallInstant) -> UInt32? {
        guard let expirySeconds else { return nil }
        let age = max(0, (now.millisecondsSinceEpoch - storedAt.millisecondsSinceEpoch) / 1000)
        return age >= Int64(expirySeconds) ? 0 : expirySeconds - UInt32(age)
    }
}

/// The retained messages of one account, behind a lock that only retained publishes and subscribes take.
///
/// `@unchecked Sendable` because the compiler cannot see that `tree` is touched with the lock held only.
package final class RetainedMessages: @unchecked Sendable {
    private let lock = NIOLock()
    private let tree: RetainedTree<Kept>
    /// Rises with each change of the tree. Starts above all that an earlier process has given out.
    private var revision: UInt64
    private let countLimit: Int
    private let byteLimit: Int

    private struct Kept {
        let message: RetainedMessage
        let number: StoreNumber
    }

    /// - Parameter firstRevision: no change in the store has a higher one.
    package init(seed: UInt64, countLimit: Int, byteLimit: Int, firstRevision: UInt64 = 0) {
        tree = RetainedTree(seed: seed)
        revision = firstRevision
        self.countLimit = countLimit
        self.byteLimit = byteLimit
    }

    /// What the message store is to be told of one retained publish. Two loops may tell of one topic in any order: the
    /// revision says which came last.
    package struct Change: Sendable {
        package enum Kind: Sendable { case put, remove }

        package let kind: Kind
        package let number: StoreNumber
        package let revision: UInt64
    }

    /// Keeps the message as its topic's last one `[MQTT-3.3.1-5]`; an empty payload removes what is there
    /// `[MQTT-3.3.1-10]` and is not kept `[MQTT-3.3.1-11]`.
    /// - Returns: what to store; nil when nothing has changed.
    package func store(
        _ message: RetainedMessage, makeNumber: () -> StoreNumber
    ) throws(LimitExceeded) -> Change? {
        var refusal: LimitExceeded?
        let change: Change? = message.topic.withUnsafeReadableBytes { topic -> Change? in
            lock.withLock { () -> Change? in
                let old = tree.value(of: topic)
                if message.payload.readableBytes == 0 {
                    guard let old else { return nil }
                    _ = tree.remove(topic)
                    return self.change(.remove, old.number)
                }
                refusal = limitExceeded(by: message, replacing: old?.message)
                guard refusal == nil else { return nil }
                let change = self.change(.put, old?.number ?? makeNumber())
                _ = tree.set(topic, Kept(message: message, number: change.number), byteCount: message.byteCount)
                return change
            }
        }
        if let refusal { throw refusal }
        return change
    }

    private func change(_ kind: Change.Kind, _ number: StoreNumber) -> Change {
        revision += 1
        return Change(kind: kind, number: number, revision: revision)
    }

    private func limitExceeded(by message: RetainedMessage, replacing old: RetainedMessage?) -> LimitExceeded? {
        if old == nil, tree.count >= countLimit {
            return LimitExceeded("retain.stored", limit: countLimit, asked: tree.count + 1, reasonCode: .quotaExceeded)
        }
        let bytes = tree.totalBytes + message.byteCount - (old?.byteCount ?? 0)
        guard bytes > byteLimit else { return nil }
        return LimitExceeded("retain.bytes", limit: byteLimit, asked: bytes, reasonCode: .quotaExceeded)
    }

    /// Takes a message back from the store, at the start: no limit refuses what was accepted before.
    /// - Returns: the record that nobody needs, where there were two of one topic.
    func restore(_ message: RetainedMessage, number: StoreNumber) -> StoreNumber? {
        message.topic.withUnsafeReadableBytes { topic in
            lock.withLock {
                let other = tree.value(of: topic)
                if let other, other.message.storedAt > message.storedAt { return number }
                _ = tree.set(topic, Kept(message: message, number: number), byteCount: message.byteCount)
                return other?.number
            }
        }
    }

    /// The messages whose topics match, in topic order. What has expired is left out and removed: the store is to be
    /// told.
    package func matching(
        _ filter: UnsafeRawBufferPointer, at now: WallInstant
    ) -> (found: [RetainedMessage], removed: [Change]) {
        lock.withLock {
            var found: [RetainedMessage] = []
            var expired: [Kept] = []
            tree.match(filter) { _, kept in
                let isOver = kept.message.remainingSeconds(at: now) == 0
                if isOver { expired.append(kept) } else { found.append(kept.message) }
                return true
            }
            for kept in expired { kept.message.topic.withUnsafeReadableBytes { _ = tree.remove($0) } }
            return (found, expired.map { change(.remove, $0.number) })
        }
    }

    /// The topic's message; nil when there is none or its time is over.
    func message(of topic: UnsafeRawBufferPointer, at now: WallInstant) -> RetainedMessage? {
        lock.withLock { tree.value(of: topic) }.flatMap { $0.message.remainingSeconds(at: now) == 0 ? nil : $0.message }
    }

    /// Messages in topic order from the first behind `cursor` on, which need not exist any more. What has expired is
    /// left out, and counts among what one page looks at.
    func page(after cursor: ByteBuffer?, limit: Int, at now: WallInstant) -> RetainedPage {
        var found: [RetainedMessage] = []
        var last: RetainedMessage?
        var examined = 0
        var isCut = false
        let visit = { (_: UnsafeRawBufferPointer, kept: Kept) -> Bool in
            guard found.count < limit, examined < Self.examinedPerPage else {
                isCut = true
                return false
            }
            examined += 1
            last = kept.message
            if kept.message.remainingSeconds(at: now) != 0 { found.append(kept.message) }
            return true
        }
        lock.withLock {
            guard let cursor else { return tree.forEach(visit) }
            cursor.withUnsafeReadableBytes { tree.forEach(after: $0, visit) }
        }
        return RetainedPage(messages: found, cursor: isCut ? last.map { String(buffer: $0.topic) } : nil)
    }

    /// The lock is held for one page.
    private static let examinedPerPage = 5_000

    package var count: Int { lock.withLock { tree.count } }
}
