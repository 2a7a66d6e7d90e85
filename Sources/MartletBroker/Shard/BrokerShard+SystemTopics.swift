import MartletBase
import MartletStore
import NIOCore
import Synchronization

/// `$SYS`: the broker's numbers, told by the first loop.
extension BrokerShard {
    /// Why there is nothing to subscribe to under `$SYS`.
    func refuseSystemTopics(_ filter: UnsafeRawBufferPointer) -> ReservedTopicRefusal? {
        guard behaviour.systemTopicsSeconds == 0 else { return nil }
        let text = String(decoding: filter, as: UTF8.self)
        guard text == "$SYS" || text.hasPrefix("$SYS/") else { return nil }
        return ReservedTopicRefusal(topic: text, area: .systemTopics, operation: "subscribe", kind: .notPermitted)
    }

    /// What a new subscription to `$SYS` gets at once.
    func systemMessages(matching filter: ByteBuffer) -> [RetainedMessage] {
        guard filter.readableBytesView.first == UInt8(ascii: "$") else { return [] }
        return broker.systemTopics.matching(filter)
    }

    /// Called each second on the first loop: asks the others when it is time. Their answers are plain counts, so this
    /// costs a message to each loop, whether or not anybody listens; the averages need it.
    func tellSystemTopics() {
        let interval = UInt32(clamping: behaviour.systemTopicsSeconds)
        guard interval > 0, second > 0, second % interval == 0 || second == 1 else { return }
        let gathering = GatheredCounters(loops: broker.loopCount)
        let mailboxes = broker.mailboxes
        for mailbox in mailboxes {
            mailbox.post(
                .run { shard in
                    guard let sum = gathering.add(shard.counters) else { return }
                    mailboxes[0].post(.run { $0.tellSystemTopics(sum) })
                })
        }
    }

    private func tellSystemTopics(_ counters: BrokerCounters) {
        var figures = SystemFigures(counters)
        figures.uptimeSeconds = Int(second)
        figures.clientsAway = max(0, broker.sessionCount - counters.sessionsConnected)
        figures.retained = broker.retainedCount()
        figures.queued = store.statistics.queuedMessages
        let changed = broker.systemTopics.update(figures, version: behaviour.version, at: broker.clock.now())
        let accounts = broker.accounts.withLock { Array($0.values) }
        for account in accounts {
            for message in changed where isHeard(message.topic, account) {
                publish(
                    topic: message.topic, payload: message.payload, properties: message.properties, qos: 0, retain: false,
                    account: account)
            }
        }
    }
}
