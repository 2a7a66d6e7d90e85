import MQTTCodec
package import MartletBase
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
    private let tree: RetainedTree<RetainedMessage>
    private let countLimit: Int
    private let byteLimit: Int

    package init(seed: UInt64, countLimit: Int, byteLimit: Int) {
        tree = RetainedTree(seed: seed)
        self.countLimit = countLimit
        self.byteLimit = byteLimit
    }

    /// Keeps the message as its topic's last one `[MQTT-3.3.1-5]`; an empty payload removes what is there
    /// `[MQTT-3.3.1-10]` and is not kept `[MQTT-3.3.1-11]`.
    package func store(_ message: RetainedMessage) -> LimitExceeded? {
        message.topic.withUnsafeReadableBytes { topic in
            lock.withLock {
                if message.payload.readableBytes == 0 {
                    _ = tree.remove(topic)
                    return nil
                }
                let old = tree.value(of: topic)
                if old == nil, tree.count >= countLimit {
                    return LimitExceeded(
                        "retain.stored", limit: countLimit, asked: tree.count + 1, reasonCode: .quotaExceeded)
                }
                let bytes = tree.totalBytes + message.byteCount - (old?.byteCount ?? 0)
                if bytes > byteLimit {
                    return LimitExceeded("retain.bytes", limit: byteLimit, asked: bytes, reasonCode: .quotaExceeded)
                }
                _ = tree.set(topic, message, byteCount: message.byteCount)
                return nil
            }
        }
    }

    /// The messages whose topics match, in topic order. What has expired is left out and removed.
    package func matching(_ filter: UnsafeRawBufferPointer, at now: WallInstant) -> [RetainedMessage] {
        lock.withLock {
            var found: [RetainedMessage] = []
            var expired: [RetainedMessage] = []
            tree.match(filter) { _, message in
                if message.remainingSeconds(at: now) == 0 { expired.append(message) } else { found.append(message) }
                return true
            }
            for message in expired { message.topic.withUnsafeReadableBytes { _ = tree.remove($0) } }
            return found
        }
    }

    package var count: Int { lock.withLock { tree.count } }
}
