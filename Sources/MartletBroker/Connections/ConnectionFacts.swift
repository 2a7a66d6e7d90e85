package import MartletBase

/// One connection as operators see it. While it lives the numbers are those of now, afterwards those of its end.
package struct ConnectionFacts: Sendable {
    package let clientID: String
    package let account: AccountID
    package let principal: String
    package let address: String
    package let port: Int
    package let thingName: String?
    /// When CONNECT was accepted.
    package let connectedAt: WallInstant
    /// 4 or 5, as CONNECT says it.
    package let protocolLevel: Int
    /// What the client asked for; 0 is none.
    package let keepAliveSeconds: Int
    package let subscriptionCount: Int
    /// Seconds that the session is kept after the connection; nil for one that ends with it.
    package let sessionExpirySeconds: UInt32?
    /// Messages that the client has not acknowledged.
    package let inflightCount: Int
    /// Messages that wait for the client's window or socket.
    package let queuedCount: Int
}

/// A connection that has ended. An object, so that an entry without one stays small.
final class LastConnection {
    let facts: ConnectionFacts
    init(_ facts: ConnectionFacts) { self.facts = facts }
}

/// What is known of one client id: GetConnection.
package struct ConnectionStatus: Sendable {
    package let isConnected: Bool
    /// The live connection, or the last one where this process has seen it end.
    package let facts: ConnectionFacts?
    package let disconnectedAt: WallInstant?
    package let disconnectReason: DisconnectReason?
    /// Of the session that is kept; nil where none is.
    package let sessionExpirySeconds: UInt32?

    /// How long an ended connection can be asked for (mqtt-broker.md section 4).
    package static let rememberedSeconds: Int64 = 1800
}

/// A subscription as its owner made it.
package struct SubscriptionFacts: Hashable, Sendable {
    package let filter: String
    package let qos: Int
}

/// A part of an ordered list.
package struct FactsPage<Element: Sendable>: Sendable {
    package let elements: [Element]
    /// Whether there is more behind the last of them.
    package let hasMore: Bool
}

/// What DeleteConnection asks for.
package struct ConnectionDeletion: Hashable, Sendable {
    /// The kept session ends too.
    package let endsSession: Bool
    package let preventsWill: Bool

    package init(endsSession: Bool, preventsWill: Bool) {
        self.endsSession = endsSession
        self.preventsWill = preventsWill
    }

    package enum Outcome: Sendable {
        case done
        /// Neither a connection nor a kept session has the client id.
        case notFound
        /// The store has failed: what is gone may come back.
        case storeFailed
    }
}

/// One that waits until the connection has said that it is gone.
struct PendingDeletion {
    let deletion: ConnectionDeletion
    let done: @Sendable (ConnectionDeletion.Outcome) -> Void
}
