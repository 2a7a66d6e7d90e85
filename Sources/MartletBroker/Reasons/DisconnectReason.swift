/// The `disconnectReason` of AWS's lifecycle events (lifecycle-events.md section 2).
package enum DisconnectReason: String, Sendable {
    case apiInitiatedDisconnect = "API_INITIATED_DISCONNECT"
    case authError = "AUTH_ERROR"
    case clientInitiatedDisconnect = "CLIENT_INITIATED_DISCONNECT"
    case clientError = "CLIENT_ERROR"
    case connectionLost = "CONNECTION_LOST"
    case duplicateClientID = "DUPLICATE_CLIENTID"
    case keepAliveTimeout = "MQTT_KEEP_ALIVE_TIMEOUT"
    case serverError = "SERVER_ERROR"
    case serverInitiatedDisconnect = "SERVER_INITIATED_DISCONNECT"
    case throttled = "THROTTLED"
    case webSocketTTLExpiration = "WEBSOCKET_TTL_EXPIRATION"
    case customAuthTTLExpiration = "CUSTOMAUTH_TTL_EXPIRATION"
}
