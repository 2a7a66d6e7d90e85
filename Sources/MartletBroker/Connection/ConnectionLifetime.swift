/// How long a connection may last at most, and what its end is called (mqtt-broker.md section 1).
package struct ConnectionLifetime: Hashable, Sendable {
    package let seconds: Int
    package let reason: DisconnectReason

    /// A WebSocket connection that no certificate let in (`wss.ttl`).
    package static func webSocket(seconds: Int) -> Self { Self(seconds: seconds, reason: .webSocketTTLExpiration) }
    /// What a custom authorizer allows (`disconnectAfterInSeconds`).
    package static func customAuthorizer(seconds: Int) -> Self {
        Self(seconds: seconds, reason: .customAuthTTLExpiration)
    }
}
