import IoTPolicy
import Logging
import MQTTCodec
import MartletBase
import NIOCore

extension Connect {
    /// The client asks for a session that outlives its connection (policies.md section 5, `PersistentConnect`).
    var asksForPersistentSession: Bool {
        version == .v5 ? (properties.sessionExpiryIntervalSeconds ?? 0) > 0 : !cleanStart
    }
}

/// CONNECT: check, authorise, claim the client id, accept; the first failure ends the attempt
/// (mqtt-broker.md section 5).
extension BrokerShard {
    func connect(_ connection: ClientConnection, _ body: UnsafeRawBufferPointer, _ header: FixedHeader) {
        let connect: Connect
        do throws(MalformedPacket) {
            connect = try Connect.decode(body: body)
            // [MQTT-1.5.5-1]
            guard connect.version == .v3_1_1 || header.isMinimal else {
                throw MalformedPacket(.malformedVariableByteInteger, at: 1)
            }
        } catch {
            connection.version = Connect.peekVersion(body: body) ?? connection.version
            return refuse(connection, .malformed(error))
        }
        connection.version = connect.version
        connection.pendingConnect = PendingConnect(connect)
        connection.phase = .connecting
        connection.askedForPersistentSession = connect.asksForPersistentSession
        connection.wantsProblemInformation = connect.properties.requestProblemInformation ?? true
        connection.clientPacketBytes = connect.properties.maximumPacketSizeBytes.map(Int.init) ?? .max
        connection.clientID = connect.clientID.isEmpty ? "gen-\(broker.random.uuid())" : connect.clientID.string
        if let refusal = check(connect, on: connection) { return refuse(connection, refusal) }
        authorize(connection)
    }

    private func check(_ connect: Connect, on connection: ClientConnection) -> ConnectRefusal? {
        if isDraining { return .shuttingDown }
        if let limit = connection.admissionLimit { return .limit(limit) }
        if let refusal = checkClientID(connect) { return refusal }
        if let method = connect.properties.authenticationMethod { return .authenticationMethodNotBuilt(method.string) }
        guard let will = connect.will else { return nil }
        if will.qos == .exactlyOnce { return .willQoS2 }
        return will.topic.bytes.withUnsafeBytes { topic in
            do throws(MalformedPacket) {
                try TopicName.validate(topic)
            } catch {
                return .willTopicInvalid(error.description)
            }
            if let limit = topicLimit(topic, "mqtt.topicBytes") { return .limit(limit) }
            guard topic.first == UInt8(ascii: "$") else { return nil }
            return ReservedTopics.refusePublish(topic).map { .willReserved($0) }
        }
    }

    private func checkClientID(_ connect: Connect) -> ConnectRefusal? {
        let id = connect.clientID
        if id.isEmpty {
            let mayBeEmpty = connect.version == .v5 || connect.cleanStart
            return mayBeEmpty ? nil : .emptyClientIDNeedsCleanSession
        }
        if id.count > limits.clientIDBytes {
            return .clientIDInvalid("\(id.count) bytes; mqtt.clientIdBytes allows \(limits.clientIDBytes)")
        }
        return id.bytes.first == UInt8(ascii: "$") ? .clientIDInvalid("a client id may not begin with $") : nil
    }

    /// Asks what the principal may do. The answer may come later; the connection's reads wait for it.
    func authorize(_ connection: ClientConnection) {
        connection.authorizationIsStale = false
        let request = AuthorizationRequest(
            realm: connection.account.realm, peer: connection.peer, clientID: connection.clientID)
        let ref = ref(connection)
        let shard = NIOLoopBound(self, eventLoop: loop)
        broker.authority.authorize(request, on: loop) { result in
            shard.value.authorized(ref, result)
        }
    }

    private func authorized(_ ref: ConnectionRef, _ result: Result<ConnectionAuthorization, ConnectRefusal>) {
        guard let connection = connection(ref), let connect = connection.pendingConnect?.packet else { return }
        if connection.authorizationIsStale { return authorize(connection) }
        switch result {
        case .failure(let refusal): refuse(connection, refusal)
        case .success(let authorization):
            install(authorization, on: connection)
            if let denial = denial(of: connect, on: connection, authorization.authorizer) {
                counters.connectDenied.count(denial)
                return refuse(connection, .denied(denial))
            }
            claimClientID(connection)
        }
    }

    func install(_ authorization: ConnectionAuthorization, on connection: ClientConnection) {
        connection.authorizer = authorization.authorizer
        connection.thingName = authorization.thingName
        connection.receivesEverything = authorization.authorizer.blanket(.receive) == .allowsEverything
        connection.publishCache = nil
        connection.receiveCache = nil
    }

    private func denial(
        of connect: Connect, on connection: ClientConnection, _ authorizer: Authorizer
    ) -> PolicyDecision? {
        let now = broker.clock.now()
        let decision = authorizer.decideConnect(
            clientID: connection.clientID, persistent: connect.asksForPersistentSession,
            lastWillTopic: connect.will?.topic.string, now: now)
        guard decision.isAllowed else { return decision }
        guard let will = connect.will else { return nil }
        return willDenial(topic: will.topic.string, retain: will.retain, authorizer, now)
    }

    func willDenial(topic: String, retain: Bool, _ authorizer: Authorizer, _ now: WallInstant) -> PolicyDecision? {
        let publish = authorizer.decide(.publish, name: topic, now: now)
        guard publish.isAllowed else { return publish }
        guard retain else { return nil }
        let retain = authorizer.decide(.retainPublish, name: topic, now: now)
        return retain.isAllowed ? nil : retain
    }

    private func claimClientID(_ connection: ClientConnection) {
        guard !connection.isClientIDClaimed else { return accept(connection) }
        connection.isClientIDClaimed = true
        post(.claim(key(of: connection), ref(connection), address: address(of: connection)), toHomeOf: connection)
    }

    func key(of connection: ClientConnection) -> ClientKey {
        ClientKey(account: connection.account.account, clientID: connection.clientID)
    }

    private func address(of connection: ClientConnection) -> String {
        "\(connection.peer.address):\(connection.peer.port)"
    }

    /// The client id is this connection's: the session begins `[MQTT-3.1.4-4]`.
    private func accept(_ connection: ClientConnection) {
        guard let connect = connection.pendingConnect?.packet else { return }
        // A change of policy may have come while the id was claimed.
        if connection.authorizationIsStale { return authorize(connection) }
        connection.pendingConnect = nil
        connection.phase = .connected
        connection.receiveMaximum = min(
            limits.inflightOut, connect.properties.receiveMaximum.map(Int.init) ?? 65_535)
        connection.keepAliveSeconds = limits.keepAlive(asked: Int(connect.keepAliveSeconds))
        connection.will = connect.will.map(LastWill.init)
        connection.lastHeardSecond = second
        armKeepAlive(connection)
        counters.connectsSucceeded += 1
        send(.connAck(connAck(for: connect, on: connection)), to: connection)
        logAccepted(connection, connect)
        connection.transport.resumeReading()
    }

    private func connAck(for connect: Connect, on connection: ClientConnection) -> ConnAck {
        guard connect.version == .v5 else { return ConnAck(reasonCode: .success) }
        var properties = Properties()
        // Sessions are in memory and end with their connection (architecture.md "Until it is built").
        if (connect.properties.sessionExpiryIntervalSeconds ?? 0) != 0 { properties.sessionExpiryIntervalSeconds = 0 }
        properties.receiveMaximum = UInt16(min(limits.inflightIn, 65_535))
        properties.maximumQoS = .atLeastOnce
        if limits.packetBytes < VariableByteInteger.maximum {
            properties.maximumPacketSizeBytes = UInt32(limits.packetBytes)
        }
        if connect.clientID.isEmpty { properties.assignedClientIdentifier = MQTTString(connection.clientID) }
        properties.topicAliasMaximum = UInt16(limits.topicAliases)
        if connection.keepAliveSeconds != Int(connect.keepAliveSeconds) {
            properties.serverKeepAliveSeconds = UInt16(connection.keepAliveSeconds)
        }
        // Refused until they are built.
        properties.sharedSubscriptionAvailable = false
        properties.subscriptionIdentifiersAvailable = false
        return ConnAck(reasonCode: .success, properties: properties)
    }

    private func logAccepted(_ connection: ClientConnection, _ connect: Connect) {
        logger.debug("client connected", metadata: metadata(of: connection))
        if connect.version == .v3_1_1, !connect.cleanStart {
            refusals.write(
                "session kept in memory only: it ends with its connection", level: .info,
                metadata(of: connection).merging(["reason": "persistentSessionsNotBuilt"]) { $1 })
        }
    }

    /// Answers CONNECT with the refusal's own wire form and closes (mqtt-broker.md section 17).
    func refuse(_ connection: ClientConnection, _ refusal: ConnectRefusal) {
        counters.connectsRefused[refusal.code, default: 0] += 1
        refusals.write("connect refused", metadata(of: connection).merging(refusal.metadata) { $1 })
        switch connection.version {
        case .v5:
            var properties = Properties()
            if connection.wantsProblemInformation { properties.reasonString = MQTTString(refusal.clientSentence) }
            send(.connAck(ConnAck(reasonCode: refusal.reasonCode, properties: properties)), to: connection)
        case .v3_1_1:
            if let code = refusal.returnCode, !(code == .notAuthorized && behaviour.v3Connect == .close) {
                send(.connAck(ConnAck(reasonCode: code.reasonCode)), to: connection)
            }
        }
        end(connection, will: nil, lingers: true)
    }
}

// MARK: Client ids

extension BrokerShard {
    func post(_ message: DirectoryMessage, toHomeOf connection: ClientConnection) {
        post(message, to: broker.homeLoop(of: key(of: connection)))
    }

    private func post(_ message: DirectoryMessage, to loop: UInt16) {
        guard loop != index else { return handle(message) }
        // What this loop has published so far is handed over first: nobody else publishes for the client id earlier.
        handOverOutboxes()
        broker.mailboxes[Int(loop)].post(.directory(message))
    }

    func handle(_ message: DirectoryMessage) {
        switch message {
        case .claim(let key, let ref, let address):
            if let answer = directory.claim(key, by: ref, address: address) { route(answer) }
        case .release(let key, let ref):
            for answer in directory.release(key, by: ref) { route(answer) }
        case .takeOver(let ref, let address):
            guard let connection = connection(ref), !connection.isClosed else { return }
            counters.takeOvers += 1
            close(connection, .takenOver(by: address))
        case .granted(let ref):
            // A connection that has ended meanwhile has sent its release behind its claim.
            guard let connection = connection(ref), connection.phase == .connecting else { return }
            accept(connection)
        }
    }

    private func route(_ message: DirectoryMessage) {
        switch message {
        case .takeOver(let ref, _), .granted(let ref): post(message, to: ref.loop)
        case .claim(let key, _, _), .release(let key, _): post(message, to: broker.homeLoop(of: key))
        }
    }
}
