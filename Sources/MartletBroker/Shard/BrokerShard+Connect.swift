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

    /// How long its session is kept.
    func sessionExpirySeconds(_ limits: BrokerLimits) -> UInt32 {
        switch version {
        case .v5: limits.sessionExpiry(version5Asked: properties.sessionExpiryIntervalSeconds)
        case .v3_1_1: cleanStart ? 0 : limits.sessionExpiryV3Seconds
        }
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
        if let limit = connection.admissionLimit ?? connectLimit(connect, connection) { return .limit(limit) }
        if let refusal = checkClientID(connect) { return refusal }
        if let method = connect.properties.authenticationMethod { return .authenticationMethodNotBuilt(method.string) }
        guard let will = connect.will else { return nil }
        if behaviour.isAWS, will.qos == .exactlyOnce { return .willQoSNotInProfile }
        return will.topic.bytes.withUnsafeBytes { topic in
            do throws(MalformedPacket) {
                try TopicName.validate(topic)
            } catch {
                return .willTopicInvalid(error.description)
            }
            if let limit = topicLimit(topic, "mqtt.topicBytes") { return .limit(limit) }
            guard topic.first == UInt8(ascii: "$") else { return nil }
            return ReservedTopics.refusePublish(topic, behaviour.profile).map { .willReserved($0) }
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
            realm: connection.account.realm, peer: connection.peer, clientID: connection.clientID,
            credentials: connection.credentials)
        let ref = ref(connection)
        let shard = NIOLoopBound(self, eventLoop: loop)
        broker.authority.authorize(request, on: loop) { result in
            shard.value.authorized(ref, result)
        }
    }

    private func authorized(_ ref: ConnectionRef, _ result: Result<ConnectionAuthorization, ConnectRefusal>) {
        guard let connection = connection(ref), let connect = connection.pendingConnect?.packet else { return }
        if case .success(let authorization) = result, let user = authorization.user {
            connection.peer = connection.peer.identified(as: .user(user))
        }
        if connection.authorizationIsStale { return authorize(connection) }
        switch result {
        case .failure(let refusal): refuse(connection, refusal)
        case .success(let authorization):
            install(authorization, on: connection)
            if let denial = denial(of: connect, on: connection, authorization.authorizer) {
                counters.connectDenied.count(denial)
                tell(.connectFailed(address: connection.peer.address), of: connection)
                return refuse(connection, .denied(denial))
            }
            claimClientID(connection)
        }
    }

    func install(_ authorization: ConnectionAuthorization, on connection: ClientConnection) {
        connection.authorizer = authorization.authorizer
        connection.thingName = authorization.thingName
        connection.exclusiveThingName = authorization.exclusiveThingName
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
        guard let connect = connection.pendingConnect?.packet else { return }
        // Decided anew after the grant: the id is this connection's already.
        if let grant = connection.pendingConnect?.grant { return accept(connection, grant) }
        guard connection.claim == .none else { return }
        connection.claim = .asked
        connection.will = connect.will.map(LastWill.init)
        post(
            .claim(
                ConnectClaim(
                    key: key(of: connection), ref: ref(connection), account: connection.account,
                    cleanStart: connect.cleanStart, expirySeconds: connect.sessionExpirySeconds(limits),
                    version: connect.version, network: networkSession(of: connection))), toHomeOf: connection)
    }

    func key(of connection: ClientConnection) -> ClientKey {
        ClientKey(account: connection.account.account, clientID: connection.clientID)
    }

    /// The client id is this connection's. One that has ended meanwhile gives it back, with the session.
    func granted(_ claim: ConnectClaim, _ grant: ConnectGrant) {
        guard let connection = connection(claim.ref), connection.phase == .connecting else {
            let end = ConnectionEnd(
                key: claim.key, ref: claim.ref, session: grant.session, reason: .connectionLost, network: claim.network,
                leavesWill: false)
            return post(.release(end), to: broker.homeLoop(of: claim.key))
        }
        connection.claim = .granted
        connection.pendingConnect?.grant = grant
        accept(connection, grant)
    }

    /// The session begins, or goes on `[MQTT-3.1.4-4]`.
    private func accept(_ connection: ClientConnection, _ grant: ConnectGrant) {
        guard let connect = connection.pendingConnect?.packet else { return }
        // A change of policy may have come while the id was claimed.
        if connection.authorizationIsStale { return authorize(connection) }
        connection.keepAliveSeconds = limits.keepAlive(asked: Int(connect.keepAliveSeconds))
        // Nothing may come before CONNACK [MQTT-3.2.0-1], so a client that has no room for it gets nothing else either.
        guard send(.connAck(connAck(for: connect, on: connection, grant)), to: connection) else {
            let bytes = connection.clientPacketBytes
            return refuse(
                connection,
                .limit(LimitExceeded("clientMaximumPacketSize", limit: bytes, asked: bytes + 1, reasonCode: .packetTooLarge)))
        }
        connection.pendingConnect = nil
        connection.phase = .connected
        connection.receiveMaximum = min(
            limits.inflightOut, connect.properties.receiveMaximum.map(Int.init) ?? 65_535)
        connection.askedKeepAliveSeconds = connect.keepAliveSeconds
        connection.connectedAt = broker.clock.now()
        connection.lastHeardSecond = second
        if let limit = connect.properties.topicAliasMaximum, limit > 0 {
            connection.outboundAliases = OutboundAliases(limit: min(Int(limit), limits.topicAliases))
        }
        armKeepAlive(connection)
        counters.connectsSucceeded += 1
        logger.debug("client connected", metadata: metadata(of: connection))
        if let session = grant.session {
            takeUp(session, connection)
            if let authorizer = connection.authorizer { recheckSubscriptions(connection, authorizer) }
        }
        connection.transport.resumeReading()
    }

    private func connAck(for connect: Connect, on connection: ClientConnection, _ grant: ConnectGrant) -> ConnAck {
        guard connect.version == .v5 else {
            return ConnAck(sessionPresent: grant.isSessionPresent, reasonCode: .success)
        }
        var properties = Properties()
        let expiry = grant.session?.expirySeconds ?? 0
        if connect.properties.sessionExpiryIntervalSeconds ?? 0 != expiry {
            properties.sessionExpiryIntervalSeconds = expiry
        }
        properties.receiveMaximum = UInt16(min(limits.inflightIn, 65_535))
        if limits.packetBytes < VariableByteInteger.maximum {
            properties.maximumPacketSizeBytes = UInt32(limits.packetBytes)
        }
        if connect.clientID.isEmpty { properties.assignedClientIdentifier = MQTTString(connection.clientID) }
        properties.topicAliasMaximum = UInt16(limits.topicAliases)
        if connection.keepAliveSeconds != Int(connect.keepAliveSeconds) {
            properties.serverKeepAliveSeconds = UInt16(connection.keepAliveSeconds)
        }
        if behaviour.isAWS {
            properties.maximumQoS = .atLeastOnce
            properties.subscriptionIdentifiersAvailable = false
        }
        if connect.properties.requestResponseInformation == true, let information = behaviour.responseInformation {
            properties.responseInformation = MQTTString(information)
        }
        return ConnAck(sessionPresent: grant.isSessionPresent, reasonCode: .success, properties: properties)
    }

    /// Answers CONNECT with the refusal's own wire form and closes (mqtt-broker.md section 17).
    func refuse(_ connection: ClientConnection, _ refusal: ConnectRefusal) {
        counters.connectsRefused[refusal.code, default: 0] += 1
        refusals.write("connect refused", metadata(of: connection).merging(refusal.metadata) { $1 })
        noteAbuse(refusal, of: connection)
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
        connection.will = nil
        end(connection, reason: refusal.disconnectReason, lingers: true)
    }
}
