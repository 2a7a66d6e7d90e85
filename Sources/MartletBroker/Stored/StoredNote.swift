package import MartletStore
package import NIOCore

/// What an inspection of the store has to know of the bodies that stand in it.
package enum StoredNote {
    package static func of(_ kind: RecordKind, _ body: ByteBuffer) -> RecordNote {
        do throws(StoredFormatError) {
            switch kind {
            case .client:
                let client = try StoredClient(body)
                return RecordNote(queue: client.session?.queue.rawValue, label: client.key.clientID)
            case .subscription:
                let subscription = try StoredSubscription(body)
                return RecordNote(queue: subscription.queue.rawValue, label: String(buffer: subscription.filter))
            case .retained:
                let (_, message) = try StoredRetained.read(body)
                return RecordNote(label: String(buffer: message.topic))
            case .exchange:
                let exchange = try StoredExchange(body)
                return RecordNote(queue: exchange.queue.rawValue, label: exchange.label)
            case .shareQueue:
                let share = try StoredShareQueue(body)
                return RecordNote(queue: share.queue.rawValue, label: String(buffer: share.filter))
            }
        } catch {
            return RecordNote(problem: error.problem)
        }
    }
}

extension StoredExchange {
    fileprivate var label: String {
        switch step {
        case .awaitsPubRel(let packetID): "packet identifier \(packetID), which waits for PUBREL"
        case .awaitsPubComp(let sequence): "message \(sequence), which waits for PUBCOMP"
        }
    }
}
