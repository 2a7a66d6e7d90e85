import MQTTCodec
import MartletBase
import NIOCore

/// A client with its own memory, which outlives its connections and the server: what it has sent and not got confirmed,
/// which QoS 2 messages it has and has not released, and what it knows of its session.
final class SimulatedClient {
    struct Wish {
        let filter: String
        let qos: UInt8
    }

    /// One QoS 1 or 2 message under way to the server.
    struct Exchange {
        let id: UInt16
        let message: SentMessage
        var isReleased = false
        /// On this connection.
        var wasSent = false
    }

    /// A CONNECT that waits for its answer.
    struct Connecting {
        let isClean: Bool
        let expectsSession: Bool
        let keeps: Bool
    }

    let id: String
    let version: ProtocolVersion
    let isKept: Bool
    let filters: [Wish]
    let topics: [String]
    let receiveMaximum: UInt16
    let ledger: Ledger

    var connection: SimulatedConnection?
    /// Counts connections.
    var connectionNumber = 0
    var connecting: Connecting?
    var isConnected = false
    /// The connection's session outlives it.
    var keeps = false
    /// What the server must have, as far as the client was told.
    var session: SessionModel?
    /// Whether the server has a session is not known: the next CONNECT begins anew.
    var isSessionUnknown = false
    /// From here on nothing is to come that came before.
    var isSettled = false

    var open: [Exchange] = []
    var sentCount = 0
    private var lastID: UInt16 = 0
    /// SUBSCRIBE and UNSUBSCRIBE that wait for their answers on this connection.
    var asking: [UInt16: Wish] = [:]
    var givingUp: [UInt16: String] = [:]

    /// QoS 2 messages of the server that it has not released.
    var unreleased: Set<UInt16> = []
    /// What the client will say when it gets round to it.
    var answers: [Packet] = []
    /// Identifiers that the server uses on this connection, and whether it has sent their PUBLISH on it.
    var inUse: [UInt16: Bool] = [:]

    init(
        _ id: String, version: ProtocolVersion, isKept: Bool, filters: [Wish], topics: [String], receiveMaximum: UInt16,
        ledger: Ledger
    ) {
        self.id = id
        self.version = version
        self.isKept = isKept
        self.filters = filters
        self.topics = topics
        self.receiveMaximum = receiveMaximum
        self.ledger = ledger
        for wish in filters where wish.filter.hasPrefix("$share/") { ledger.join(wish.filter) }
    }

    func note(_ words: @autoclosure () -> String) { ledger.note("\(id): " + words()) }

    func violation(_ words: String) { ledger.violation("\(id) \(words)") }

    func makeID() -> UInt16 {
        repeat { lastID = lastID % 40 + 1 } while open.contains { $0.id == lastID } || asking[lastID] != nil || givingUp[lastID] != nil
        return lastID
    }
}

// MARK: Connections

extension SimulatedClient {
    /// CONNECT on a new connection; an open one is left to the server.
    func connect(_ server: SimulatedServer, loop: Int, wantsClean: Bool) {
        connection?.abandon()
        disconnected()
        let isClean = !isKept || isSessionUnknown || wantsClean
        // A 3.1.1 client that begins anew does so with a session that ends with the connection.
        let keeps = isKept && !(isClean && version != .v5)
        connecting = Connecting(isClean: isClean, expectsSession: session != nil, keeps: keeps)
        if isClean { forgetSession() }
        if session == nil { isSessionUnknown = true }
        connectionNumber += 1
        note("CONNECT on loop \(loop), clean \(isClean), keeps \(keeps)")
        connection = server.connect(loop: loop, port: 1000 + connectionNumber, version: version)
        connection?.send(.connect(makeConnect(isClean: isClean, keeps: keeps)))
    }

    private func makeConnect(isClean: Bool, keeps: Bool) -> Connect {
        var properties = Properties()
        if version == .v5 {
            if keeps { properties.sessionExpiryIntervalSeconds = .max }
            properties.receiveMaximum = receiveMaximum
        }
        return Connect(version: version, clientID: MQTTString(id), cleanStart: isClean, properties: properties)
    }

    func connAck(_ packet: ConnAck) {
        guard let connecting else { return violation("has got CONNACK twice") }
        self.connecting = nil
        guard packet.reasonCode == .success else { return note("refused: \(packet.reasonCode)") }
        note("CONNACK, session present \(packet.sessionPresent)")
        if connecting.isClean, packet.sessionPresent { violation("began anew and found a session") }
        if !connecting.isClean, packet.sessionPresent != connecting.expectsSession {
            violation(connecting.expectsSession ? "has lost its session" : "has got a session that had ended")
        }
        isConnected = true
        keeps = connecting.keeps
        isSessionUnknown = false
        if session == nil || !packet.sessionPresent { session = SessionModel() }
        for wish in filters where connecting.isClean { leaveGroup(wish.filter) }
        resume()
    }

    /// The client will not take its session up again, whatever the server does.
    func forgetSession() {
        for wish in filters { leaveGroup(wish.filter) }
        session = nil
        isSessionUnknown = true
        unreleased = []
        giveUp()
    }

    private func leaveGroup(_ filter: String) { ledger.memberLeft(filter) }

    private func giveUp() {
        for exchange in open where exchange.message.endedAt == nil { exchange.message.endedAt = ledger.tick() }
        open = []
    }

    /// The connection has ended, or its server has.
    func disconnected() {
        if !keeps, isConnected {
            session = nil
            unreleased = []
            for wish in filters { leaveGroup(wish.filter) }
            giveUp()
        }
        connection = nil
        connecting = nil
        isConnected = false
        keeps = false
        answers = []
        asking = [:]
        givingUp = [:]
        inUse = [:]
    }

    func cut() {
        note("cut")
        connection?.cut()
        disconnected()
    }

    /// DISCONNECT; with the session's end where the version knows that.
    func disconnect(endsSession: Bool) {
        let ends = endsSession && version == .v5
        note("DISCONNECT" + (ends ? ", the session ends" : ""))
        var properties = Properties()
        if ends { properties.sessionExpiryIntervalSeconds = 0 }
        connection?.send(.disconnect(Disconnect(properties: properties)))
        if ends { forgetSession() }
        disconnected()
    }
}

// MARK: Sending

extension SimulatedClient {
    /// What is not confirmed is sent again, in order.
    private func resume() {
        for index in open.indices {
            if open[index].isReleased {
                connection?.send(.pubRel(PubRel(packetID: open[index].id)))
            } else {
                send(open[index], isRepeated: true)
            }
        }
    }

    func publish(_ topic: String, qos: UInt8, retain: Bool, clears: Bool, padding: Int) {
        guard open.count < 6 else { return }
        sentCount += 1
        let text = clears ? "" : "\(id):\(sentCount)|" + String(repeating: "x", count: padding)
        let message = SentMessage(
            text: text, topic: topic, publisher: id, number: sentCount, qos: qos, isRetained: retain, clears: clears,
            at: ledger.tick())
        ledger.add(message)
        note("PUBLISH \(id):\(sentCount) \(topic) QoS \(qos)" + (retain ? ", retained" : "") + (clears ? ", clears" : ""))
        let exchange = Exchange(id: qos > 0 ? makeID() : 0, message: message)
        if qos > 0 { open.append(exchange) }
        send(exchange, isRepeated: false)
    }

    private func send(_ exchange: Exchange, isRepeated: Bool) {
        let message = exchange.message
        if isRepeated {
            note("PUBLISH \(message.name) again")
            message.lastSent = ledger.tick()
            message.timesSent += 1
        }
        connection?.send(
            .publish(
                Publish(
                    topic: MQTTString(message.topic), payload: ByteBuffer(string: message.text),
                    qos: QoS(rawValue: message.qos) ?? .atMostOnce, retain: message.isRetained, dup: isRepeated,
                    packetID: exchange.id)))
    }

    func subscribe(_ wish: Wish) {
        let packetID = makeID()
        asking[packetID] = wish
        session?.asked[wish.filter] = wish.qos
        note("SUBSCRIBE \(wish.filter) QoS \(wish.qos)")
        connection?.send(
            .subscribe(
                Subscribe(
                    packetID: packetID,
                    subscriptions: [Subscription(MQTTString(wish.filter), qos: QoS(rawValue: wish.qos) ?? .atMostOnce)])))
    }

    func unsubscribe(_ filter: String) {
        let packetID = makeID()
        givingUp[packetID] = filter
        session?.subscriptions[filter] = nil
        leaveGroup(filter)
        note("UNSUBSCRIBE \(filter)")
        connection?.send(.unsubscribe(Unsubscribe(packetID: packetID, filters: [MQTTString(filter)])))
    }

    /// Says the next of what it owes the server.
    func answerNext() {
        guard !answers.isEmpty else { return }
        let answer = answers.removeFirst()
        switch answer {
        case .pubAck(let ack), .pubComp(let ack): inUse[ack.packetID] = nil
        default: break
        }
        connection?.send(answer)
    }
}
