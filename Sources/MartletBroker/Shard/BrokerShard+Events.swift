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

    /// Tells it behind the client's earlier events, and never of something that a crash could undo: kept sessions have
    /// it in their queues with the commit that it tells of, and others hear it when that is durable.
    func publishInOrder(_ event: LifecycleEvent, _ account: AccountContext) {
        guard LifecycleEvent.isTold(of: event.clientID), isHeard(ByteBuffer(string: event.topic), account) else { return }
        publish(event, account, reach: .queues)
        afterDurable(.event(event, account))
    }

    func publish(_ event: LifecycleEvent, _ account: AccountContext, reach: Reach) {
        publish(
            topic: ByteBuffer(string: event.topic), payload: event.payload, properties: ByteBuffer(), qos: 1,
            retain: false, account: account, reach: reach)
    }

    /// Sends an event of a connection of this loop to its home loop, which tells it in its turn. One that nobody would
    /// hear costs a look into the index.
    func tell(_ kind: LifecycleEvent.Kind, of connection: ClientConnection) {
        guard LifecycleEvent.isTold(of: connection.clientID) else { return }
        let event = event(kind, key(of: connection), networkSession(of: connection), broker.clock.now())
        guard isHeard(ByteBuffer(string: event.topic), connection.account) else { return }
        post(.event(event, connection.account), toHomeOf: connection)
    }
}
