/// The names of all metrics. Those that CloudWatch has too (operations.md section 1) keep its words: the group is the
/// name, what follows the dot is the label `result` (`Success`, `AuthError`, `ClientError`, `ServerError`,
/// `Throttle`), and the dimension Protocol is the label `protocol` (`MQTT` or `HTTP`).
package enum MetricName {
    package static let connect = "martlet_connect"
    package static let ping = "martlet_ping"
    package static let publishIn = "martlet_publish_in"
    package static let publishOut = "martlet_publish_out"
    package static let publishRetained = "martlet_publish_retained"
    package static let subscribe = "martlet_subscribe"
    package static let unsubscribe = "martlet_unsubscribe"

    /// Connections that are open now.
    package static let connections = "martlet_connections"
    /// Sessions that exist now, connected or not.
    package static let sessions = "martlet_sessions"
    package static let sessionsExpired = "martlet_sessions_expired"
    /// Messages that wait in the store for kept sessions.
    package static let queuedMessages = "martlet_queued_messages"
    /// Client ids whose presence is remembered, connected or not.
    package static let presenceClients = "martlet_presence_clients"
    package static let storeSyncs = "martlet_message_store_syncs"
    package static let storeBytesWritten = "martlet_message_store_written_bytes"
    package static let storeLiveBytes = "martlet_message_store_live_bytes"
    package static let storeState = "martlet_store_state"
    package static let storeTotalBytes = "martlet_message_store_total_bytes"
    package static let subscriptions = "martlet_subscriptions"
    package static let retainedMessages = "martlet_retained_messages"
    package static let retainedBytes = "martlet_retained_bytes"
    package static let bytesIn = "martlet_bytes_in"
    package static let bytesOut = "martlet_bytes_out"

    /// What a policy denied, by `action` and `reason`.
    package static let denials = "martlet_denials"
    /// Messages that were accepted and not delivered, by `reason`.
    package static let messagesDropped = "martlet_messages_dropped"
    /// What rates refused, by `limit`.
    package static let throttled = "martlet_throttled"
    /// Source addresses that were shut out, and connections that were closed because of that.
    package static let abuseBans = "martlet_abuse_bans"
    package static let abuseRefusedConnections = "martlet_abuse_refused_connections"
    /// Connections that ended, by `reason`.
    package static let disconnects = "martlet_disconnects"
    /// Connections refused because who they are could not be shown, by `reason`.
    package static let authenticationDenials = "martlet_authentication_denials"
    package static let tlsHandshakeFailures = "martlet_tls_handshake_failures"
    /// API and data-plane requests, by `service`, `operation` and `status`.
    package static let httpRequests = "martlet_http_requests"

    package static let build = "martlet_build"
    package static let startMilliseconds = "martlet_start_milliseconds"
    package static let residentMemoryBytes = "martlet_resident_memory_bytes"
}
