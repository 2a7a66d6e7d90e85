import MQTTCodec

/// Ends that only some transports know.
extension BrokerShard {
    /// The transport's own farewell came without a DISCONNECT and counts as one, as AWS has it for WebSocket: no will is
    /// sent (mqtt-broker.md section 3).
    package func clientClosedTransport(_ connection: ClientConnection) {
        close(connection, .clientDisconnect(.normalDisconnection))
    }

    /// What came is not in the form of the transport, so no packet can be read any more.
    package func transportViolated(_ connection: ClientConnection, detail: String) {
        close(connection, .protocolViolation(.protocolError, detail))
    }
}
