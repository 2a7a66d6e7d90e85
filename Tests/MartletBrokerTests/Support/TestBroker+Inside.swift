import MartletBase
import NIOConcurrencyHelpers
import NIOCore

@testable import MartletBroker

/// What comes in by another way than a connection: each call runs what follows from it and says how it was answered.
extension TestBroker {
    /// - Returns: "done", or the refusal's code; nil while it waits for the store.
    func publishInside(
        _ topic: String, _ text: String, qos: UInt8 = 1, retain: Bool = false, properties: MessageProperties = .init(),
        on loop: Int = 0
    ) -> Answered {
        let answered = Answered()
        let message = InsideMessage(
            topic: topic, payload: ByteBuffer(string: text), qos: qos, retain: retain, properties: properties)
        shards[loop].publish(message, broker.account(.zero)) { answered.set($0?.code ?? "done") }
        run()
        return answered
    }

    func delete(_ clientID: String, endsSession: Bool = false, preventsWill: Bool = false) -> Answered {
        let answered = Answered()
        let key = ClientKey(account: .zero, clientID: clientID)
        let deletion = ConnectionDeletion(endsSession: endsSession, preventsWill: preventsWill)
        shards[Int(broker.homeLoop(of: key))].delete(
            key, PendingDeletion(deletion: deletion) { answered.set("\($0)") })
        run()
        return answered
    }

    /// How a client id stands with its home loop.
    func whereabouts(_ clientID: String) -> BrokerShard.Whereabouts {
        let key = ClientKey(account: .zero, clientID: clientID)
        return shards[Int(broker.homeLoop(of: key))].whereabouts(of: key)
    }
}

/// An answer that comes when it comes.
final class Answered: Sendable {
    private let box = NIOLockedValueBox<String?>(nil)
    var text: String? { box.withLockedValue { $0 } }
    func set(_ text: String) { box.withLockedValue { $0 = text } }
}
