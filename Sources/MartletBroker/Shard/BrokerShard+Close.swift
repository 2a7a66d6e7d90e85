import Logging
import MQTTCodec
import MartletBase
import NIOCore

/// The end of a connection, whatever the cause.
extension BrokerShard {
    /// Ends an accepted connection: DISCONNECT for v5, subscriptions and client id given up, will published.
    func close(_ connection: ClientConnection, _ cause: CloseCause) {
        guard !connection.isClosed else { return }
        let wasConnected = connection.phase == .connected
        if wasConnected {
            sendDisconnect(connection, cause)
            counters.disconnects[cause.disconnectReason.rawValue, default: 0] += 1
        }
        log(connection, cause)
        end(connection, will: wasConnected && cause.publishesWill ? connection.will : nil, lingers: cause.isOurs)
    }

    private func sendDisconnect(_ connection: ClientConnection, _ cause: CloseCause) {
        guard connection.version == .v5, let code = cause.disconnectReasonCode else { return }
        var properties = Properties()
        if connection.wantsProblemInformation { properties.reasonString = MQTTString(cause.clientSentence) }
        let disconnect = Disconnect(reasonCode: code, properties: properties)
        send(.disconnect(disconnect), to: connection)
    }

    /// Gives up everything that the connection holds and closes its transport when its last bytes have left. The will
    /// goes out before the client id is given up, so that whoever takes it over speaks after it.
    ///
    /// - Parameter lingers: the last packet is ours, so the socket stays open until the client can have read it.
    func end(_ connection: ClientConnection, will: LastWill?, lingers: Bool) {
        guard !connection.isClosed else { return }
        connection.phase = .closed
        removeAllSubscriptions(connection)
        if let will { publish(will, of: connection) }
        if connection.isClientIDClaimed {
            post(.release(key(of: connection), ref(connection)), toHomeOf: connection)
        }
        connection.pendingConnect = nil
        connection.pending = nil
        connection.retainedDeliveries = nil
        connection.publishCache = nil
        connection.receiveCache = nil
        connection.will = nil
        flush(connection)
        connection.output = OutboundBuffer()
        connection.transport.closeAfterFlush(lingers: lingers)
        freeSlot(of: connection)
    }

    /// The transport has ended by itself.
    package func transportClosed(_ connection: ClientConnection, error: String?) {
        close(connection, .connectionLost(error ?? "the connection was closed without DISCONNECT"))
    }

    private func publish(_ will: LastWill, of connection: ClientConnection) {
        guard let authorizer = connection.authorizer else { return }
        let topic = String(buffer: will.topic)
        if let denial = willDenial(topic: topic, retain: will.retain, authorizer, broker.clock.now()) {
            refusals.write("will not published", metadata(of: connection).merging(denial.metadata) { $1 })
            return
        }
        publish(
            topic: will.topic, payload: will.payload, properties: will.properties, qos: will.qos,
            retain: will.retain, account: connection.account)
    }

    private func log(_ connection: ClientConnection, _ cause: CloseCause) {
        refusals.write(
            "client disconnected", level: cause.logLevel,
            metadata(of: connection).merging(cause.metadata) { $1 }
                .merging(["disconnectReason": "\(cause.disconnectReason.rawValue)"]) { $1 })
    }

    func metadata(of connection: ClientConnection) -> Logger.Metadata {
        [
            "clientId": "\(connection.clientID)", "principal": "\(connection.peer.principalIdentifier)",
            "address": "\(connection.peer.address):\(connection.peer.port)",
        ]
    }
}

extension Reason {
    /// The reason as log metadata: its code, and one entry for each piece of evidence.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["reason": "\(code)"]
        for fact in evidence { metadata[fact.name] = "\(fact.value)" }
        return metadata
    }

    /// What the client itself may read: the reason without names of policies and statements, cut to a length that
    /// every answer has room for.
    var clientSentence: String { String(wholeClientSentence.prefix(256)) }

    private var wholeClientSentence: String {
        switch self {
        case let cause as CloseCause:
            switch cause {
            case .denied, .connectNoLongerAllowed, .principalRevoked: cause.code
            case .reservedTopic(let refusal): refusal.sentence
            default: cause.description
            }
        case let refusal as ConnectRefusal:
            switch refusal {
            case .denied, .certificateNotUsable, .serverError: refusal.code
            case .willReserved(let refusal): refusal.sentence
            default: refusal.description
            }
        default: code
        }
    }
}

extension CloseCause {
    /// The server ends the connection, and not the client or the network.
    fileprivate var isOurs: Bool {
        switch self {
        case .clientDisconnect, .connectionLost: false
        default: true
        }
    }

    /// An ordinary end is for the curious; one that somebody has to look into is not.
    fileprivate var logLevel: Logger.Level {
        switch self {
        case .clientDisconnect, .connectionLost, .takenOver, .shutdown: .debug
        case .keepAliveTimeout: .info
        case .serverError: .error
        default: .notice
        }
    }
}
