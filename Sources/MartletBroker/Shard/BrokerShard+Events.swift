import Logging
import MartletBase
import NIOCore

/// Lifecycle events: what `$aws/events/presence` and `$aws/events/subscriptions` tell (lifecycle-events.md).
extension BrokerShard {
    func event(
        _ kind: LifecycleEvent.Kind, _ key: ClientKey, _ network: NetworkSession, _ now: WallInstant
    ) -> LifecycleEvent {
        LifecycleEvent(
            kind: kind, clientID: key.clientID, thingName: network.thingName,
            sessionIdentifier: network.sessionIdentifier, principalIdentifier: network.peer.principalIdentifier, at: now)
    }

    /// Tells it when all that this loop has stored so far is durable: behind the client's earlier events, and never of
    /// something that a crash could undo.
    func publishInOrder(_ event: LifecycleEvent, _ account: AccountContext) {
        guard LifecycleEvent.isTold(of: event.clientID) else { return }
        afterDurable(.event(event, account))
    }

    func publish(_ event: LifecycleEvent, _ account: AccountContext) {
        let topic = ByteBuffer(string: event.topic)
        guard isHeard(topic, account) else { return }
        publish(
            topic: topic, payload: event.payload, properties: ByteBuffer(), qos: 1, retain: false, account: account)
    }

    /// Sends an event of a connection of this loop to its home loop, which tells it in its turn. One that nobody would
    /// hear costs a look into the index.
    func tell(_ kind: LifecycleEvent.Kind, of connection: ClientConnection, session: SessionIdentifier) {
        guard LifecycleEvent.isTold(of: connection.clientID) else { return }
        let event = LifecycleEvent(
            kind: kind, clientID: connection.clientID, thingName: connection.exclusiveThingName,
            sessionIdentifier: session, principalIdentifier: connection.peer.principalIdentifier,
            at: broker.clock.now())
        guard isHeard(ByteBuffer(string: event.topic), connection.account) else { return }
        post(.event(key(of: connection), event, connection.account), toHomeOf: connection)
    }
}
