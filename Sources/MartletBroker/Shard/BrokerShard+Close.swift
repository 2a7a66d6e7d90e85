import IoTPolicy
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
        if cause.isClientFault { broker.abuse?.note(.malformedPackets, by: connection.peer.address) }
        if !wasConnected || !cause.publishesWill { connection.will = nil }
        end(connection, reason: cause.disconnectReason, lingers: cause.isOurs)
    }

    private func sendDisconnect(_ connection: ClientConnection, _ cause: CloseCause) {
        guard connection.version == .v5, let code = cause.disconnectReasonCode else { return }
        var properties = Properties()
        if connection.wantsProblemInformation { properties.reasonString = MQTTString(cause.clientSentence) }
        let disconnect = Disconnect(reasonCode: code, properties: properties)
        send(.disconnect(disconnect), to: connection)
    }

    /// Gives up everything that the connection holds and closes its transport when its last bytes have left. A will
    /// without delay goes out before the client id is given up, so that whoever takes it over speaks after it.
    ///
    /// - Parameter lingers: the last packet is ours, so the socket stays open until the client can have read it.
    func end(_ connection: ClientConnection, reason: DisconnectReason, lingers: Bool) {
        guard !connection.isClosed else { return }
        connection.phase = .closed
        let session = putDown(connection) ?? connection.pendingConnect?.grant?.session
        if session == nil { removeAllSubscriptions(connection) }
        let leavesWill = (connection.will?.delaySeconds ?? 0) > 0 && (session?.expirySeconds ?? 0) > 0
        if let will = connection.will, !leavesWill { publish(will, of: connection) }
        giveUpClientID(of: connection, session, reason, leavesWill: leavesWill)
        connection.pendingConnect = nil
        connection.pending = nil
        connection.answers = nil
        connection.pendingPubAcks = 0
        connection.inbound = nil
        connection.outboundAliases = nil
        connection.subscriptions = nil
        connection.retainedDeliveries = nil
        connection.publishCache = nil
        connection.receiveCache = nil
        connection.will = nil
        flush(connection)
        connection.output = OutboundBuffer()
        connection.transport.closeAfterFlush(lingers: lingers)
        freeSlot(of: connection)
    }

    private func giveUpClientID(
        of connection: ClientConnection, _ session: PersistentSession?, _ reason: DisconnectReason, leavesWill: Bool
    ) {
        switch connection.claim {
        case .none: break
        // The grant may be on its way: it will be given back when it comes.
        case .asked: post(.withdraw(key(of: connection), ref(connection)), toHomeOf: connection)
        case .granted:
            let end = ConnectionEnd(
                key: key(of: connection), ref: ref(connection), session: session, reason: reason,
                network: networkSession(of: connection), leavesWill: leavesWill, facts: facts(of: connection, session))
            post(.release(end), toHomeOf: connection)
        }
        connection.claim = .none
    }

    func networkSession(of connection: ClientConnection) -> NetworkSession {
        let identifier = connection.sessionIdentifier ?? SessionIdentifier(broker.random)
        connection.sessionIdentifier = identifier
        return NetworkSession(
            sessionIdentifier: identifier, peer: connection.peer, thingName: connection.exclusiveThingName,
            will: connection.will)
    }

    /// The transport has ended by itself.
    package func transportClosed(_ connection: ClientConnection, error: String?) {
        close(connection, .connectionLost(error ?? "the connection was closed without DISCONNECT"))
    }

    private func publish(_ will: LastWill, of connection: ClientConnection) {
        guard let authorizer = connection.authorizer else { return }
        publish(will, authorizer, connection.account, metadata(of: connection))
    }

    /// Publishes the will of a connection that is no more, as its principal may do now.
    /// - Parameter done: called when the will is in the queues of kept sessions, or will never be.
    func publish(
        _ origin: NetworkSession, of key: ClientKey, _ account: AccountContext,
        _ done: @escaping (BrokerShard) -> Void
    ) {
        guard let will = origin.will else { return done(self) }
        let request = AuthorizationRequest(realm: account.realm, peer: origin.peer, clientID: key.clientID)
        let shard = NIOLoopBound(self, eventLoop: loop)
        let metadata: Logger.Metadata = [
            "clientId": "\(key.clientID)", "principal": "\(origin.peer.principalIdentifier)",
        ]
        let doneHere = NIOLoopBound(done, eventLoop: loop)
        willsUnderWay += 1
        broker.authority.authorize(request, on: loop) { result in
            shard.value.willsUnderWay -= 1
            defer { doneHere.value(shard.value) }
            switch result {
            case .success(let authorization): shard.value.publish(will, authorization.authorizer, account, metadata)
            case .failure(let refusal):
                shard.value.refusals.write("will not published", metadata.merging(refusal.metadata) { $1 })
            }
        }
    }

    private func publish(
        _ will: LastWill, _ authorizer: Authorizer, _ account: AccountContext, _ metadata: Logger.Metadata
    ) {
        let topic = String(buffer: will.topic)
        if let denial = willDenial(topic: topic, retain: will.retain, authorizer, broker.clock.now()) {
            return refusals.write("will not published", metadata.merging(denial.metadata) { $1 })
        }
        publish(
            topic: will.topic, payload: will.payload, properties: will.properties, qos: will.qos,
            retain: will.retain, account: account)
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
            case .denied, .connectNoLongerAllowed, .principalRevoked, .storeFailed: cause.code
            case .reservedTopic(let refusal): refusal.sentence
            default: cause.description
            }
        case let refusal as ConnectRefusal:
            switch refusal {
            case .denied, .certificateNotUsable, .badCredentials, .userRevoked, .userPolicyMissing, .storeFailed, .serverError:
                refusal.code
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

    /// What no client that keeps to MQTT does: it counts against `abuse.malformedPackets`.
    fileprivate var isClientFault: Bool {
        switch self {
        case .malformed, .protocolViolation: true
        default: false
        }
    }

    /// An ordinary end is for the curious; one that somebody has to look into is not.
    fileprivate var logLevel: Logger.Level {
        switch self {
        case .clientDisconnect, .connectionLost, .takenOver, .shutdown: .debug
        case .keepAliveTimeout: .info
        case .serverError, .storeFailed: .error
        default: .notice
        }
    }
}
