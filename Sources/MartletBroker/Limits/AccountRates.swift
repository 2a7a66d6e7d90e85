import MQTTCodec
import NIOConcurrencyHelpers

/// The rates that all clients of an account share; nil where there is no limit.
package final class AccountRates: Sendable {
    package let connects: SharedTokenBucket?
    package let publishesIn: SharedTokenBucket?
    package let publishesOut: SharedTokenBucket?
    package let retained: SharedTokenBucket?
    package let subscribes: SharedTokenBucket?
    package let queued: SharedTokenBucket?
    /// By hash of the topic. Their locks are taken by retained publishes and by what joins or leaves a shared group.
    private let retainedTopics: NIOLockedValueBox<KeyedBuckets>?
    private let shares: NIOLockedValueBox<KeyedBuckets>?

    package init(_ rates: BrokerRates) {
        connects = SharedTokenBucket(rates.connects)
        publishesIn = SharedTokenBucket(rates.publishesIn)
        publishesOut = SharedTokenBucket(rates.publishesOut)
        retained = SharedTokenBucket(rates.retained)
        subscribes = SharedTokenBucket(rates.subscribes)
        queued = SharedTokenBucket(rates.queued)
        retainedTopics = RateLimit(rates.retainedPerTopic).map { NIOLockedValueBox(KeyedBuckets($0)) }
        shares = RateLimit(rates.shareOperations).map { NIOLockedValueBox(KeyedBuckets($0)) }
    }

    /// Takes one retained publish on the topic; the limit that it exceeds.
    package func takeRetained(topicHash: UInt64, at now: UInt64) -> LimitExceeded? {
        if let retainedTopics, !retainedTopics.withLockedValue({ $0.take(topicHash, at: now) }) {
            return exceeded("retain.ratePerTopic", retainedTopics.withLockedValue { $0.limit })
        }
        if let retained, !retained.take(at: now) { return exceeded("retain.ratePerAccount", retained.limit) }
        return nil
    }

    /// Takes one SUBSCRIBE or UNSUBSCRIBE of the shared group; the limit that it exceeds.
    func takeShareOperation(groupHash: UInt64, at now: UInt64) -> LimitExceeded? {
        guard let shares, !shares.withLockedValue({ $0.take(groupHash, at: now) }) else { return nil }
        return exceeded("share.opsRate", shares.withLockedValue { $0.limit })
    }

    private func exceeded(_ name: String, _ limit: RateLimit) -> LimitExceeded { LimitExceeded(rate: name, limit) }
}

extension LimitExceeded {
    /// A rate: one more was asked for than it allows in a second.
    init(rate name: String, _ limit: RateLimit) {
        self.init(name, limit: limit.perSecond, asked: limit.perSecond + 1, reasonCode: .quotaExceeded)
    }
}
