import DequeModule
import Logging
import MQTTCodec
import MartletStore
import NIOCore

/// QoS 2 in both directions (MQTT 5.0 section 4.3.3). A message is passed on when its PUBLISH comes; its packet identifier
/// is remembered until PUBREL, so that a repetition is recognised. What a kept session must remember is on disk before
/// the packet that promises it: the identifier before PUBREC, its end before PUBCOMP, the arrival of PUBREC before PUBREL.
extension BrokerShard {
    // MARK: From the client

    /// [MQTT-3.3.4-7]
    func isOverReceiveMaximum(_ connection: ClientConnection, _ view: PublishView) -> Bool {
        connection.pendingPubAcks + connection.inboundCount >= limits.inflightIn && !connection.hasInbound(view.packetID)
    }

    /// The identifier belongs to a QoS 2 message that was not released. Whether that is an answer: a repetition is not
    /// passed on a second time `[MQTT-4.3.3-10]`; another message of QoS 1 is told so in version 5, and in 3.1.1 taken.
    func answerRepetition(_ connection: ClientConnection, _ view: PublishView) -> Bool {
        if view.qos == .exactlyOnce {
            answerShort(.pubRec, connection, view.packetID, isStored: false)
            return true
        }
        guard connection.version == .v5 else { return false }
        answer(
            connection, .pubAck(PubAck(packetID: view.packetID, reasonCode: .packetIdentifierInUse)), isStored: false)
        return true
    }

    /// Remembers the identifier behind the message in the turn's batch.
    func openInbound(_ packetID: UInt16, _ connection: ClientConnection) {
        guard let session = connection.session else {
            if connection.inbound == nil { connection.inbound = [] }
            connection.inbound?.insert(packetID)
            return
        }
        let number = session.takeNumber(store)
        session.inbound[packetID] = number
        put(StoredExchange(queue: session.queue, step: .awaitsPubRel(packetID: packetID)), as: number)
    }

    /// PUBREL: the identifier is free again `[MQTT-4.3.3-11]` `[MQTT-4.3.3-12]`.
    func release(_ connection: ClientConnection, _ packetID: UInt16) {
        if let session = connection.session {
            guard let number = session.inbound.removeValue(forKey: packetID) else {
                return answerUnknown(.pubComp, connection, packetID)
            }
            session.giveBack(number)
            withBatch { $0.remove(number) }
            return answerShort(.pubComp, connection, packetID, isStored: true)
        }
        guard connection.inbound?.remove(packetID) != nil else { return answerUnknown(.pubComp, connection, packetID) }
        answerShort(.pubComp, connection, packetID, isStored: false)
    }

    private func put(_ exchange: StoredExchange, as number: StoreNumber) {
        withBatch { $0.put(number, .exchange) { exchange.write(into: &$0) } }
    }

    /// Nothing of that identifier is open: version 5 says so; in 3.1.1 the other side goes on.
    private func answerUnknown(_ type: PacketType, _ connection: ClientConnection, _ packetID: UInt16) {
        guard connection.version == .v5 else { return answerShort(type, connection, packetID, isStored: false) }
        let packet = Acknowledgement(packetID: packetID, reasonCode: .packetIdentifierNotFound)
        answer(connection, type == .pubRel ? .pubRel(packet) : .pubComp(packet), isStored: false)
    }

    // MARK: To the client

    func acknowledged(_ connection: ClientConnection, _ packetID: UInt16) {
        if let session = connection.session {
            step(session.window.acknowledge(packetID), "PUBACK", connection)
        } else {
            step(connection.inflight.acknowledge(packetID), "PUBACK", connection)
        }
    }

    /// PUBREC: the client has the message; it is out of the queue and PUBREL follows. With a failure code the exchange is
    /// over, and nobody else gets the message `[MQTT-4.8.2-6]`.
    func received(_ connection: ClientConnection, _ ack: AckView) {
        guard !ack.reasonCode.isError else { return rejected(connection, ack.packetID) }
        if let session = connection.session { return received(session, connection, ack.packetID) }
        switch connection.inflight.receive(ack.packetID) {
        case .done: answerShort(.pubRel, connection, ack.packetID, isStored: false)
        case .unknown: answerUnknown(.pubRel, connection, ack.packetID)
        case .wrongQoS: step(.wrongQoS, "PUBREC", connection)
        }
    }

    private func received(_ session: PersistentSession, _ connection: ClientConnection, _ packetID: UInt16) {
        switch session.window.release(packetID, as: { session.takeNumber(store) }) {
        case (.done, let exchange?):
            noteCursor(of: session)
            put(StoredExchange(queue: session.queue, step: .awaitsPubComp(sequence: exchange.sequence)), as: exchange.number)
            answerShort(.pubRel, connection, packetID, isStored: true)
        case (.done, nil): answerShort(.pubRel, connection, packetID, isStored: false)
        case (.unknown, _): answerUnknown(.pubRel, connection, packetID)
        case (.wrongQoS, _): step(.wrongQoS, "PUBREC", connection)
        }
    }

    private func rejected(_ connection: ClientConnection, _ packetID: UInt16) {
        if let session = connection.session {
            step(session.window.reject(packetID), "PUBREC", connection)
        } else {
            step(connection.inflight.reject(packetID), "PUBREC", connection)
        }
    }

    func completed(_ connection: ClientConnection, _ packetID: UInt16) {
        guard let session = connection.session else { return step(connection.inflight.complete(packetID), "PUBCOMP", connection) }
        guard let exchange = session.window.complete(packetID) else { return }
        session.giveBack(exchange.number)
        withBatch { $0.remove(exchange.number) }
        sendQueued(to: connection)
    }

    /// A step of an exchange with the client: what waited for room goes out. An acknowledgement of nothing is ignored,
    /// since a client may repeat one; one that the exchange does not have is a fault of the client.
    private func step(_ step: ExchangeStep, _ packet: String, _ connection: ClientConnection) {
        switch step {
        case .unknown: break
        case .wrongQoS:
            close(connection, .protocolViolation(.protocolError, "\(packet) does not belong to the exchange of its packet identifier"))
        case .done:
            if let session = connection.session {
                noteCursor(of: session)
                sendQueued(to: connection)
            } else {
                sendPending(connection)
                noteRoom(of: connection)
            }
        }
    }

    /// The client is back: of what it had received already, only the release is repeated `[MQTT-4.4.0-1]`.
    func repeatReleases(of session: PersistentSession, to connection: ClientConnection) {
        for exchange in session.window.released {
            answerShort(.pubRel, connection, exchange.packetID, isStored: false)
        }
    }
}

extension ClientConnection {
    /// Whether the identifier is that of a QoS 2 message which the client has not released.
    @inline(__always)
    func hasInbound(_ packetID: UInt16) -> Bool {
        if let session { return !session.inbound.isEmpty && session.inbound[packetID] != nil }
        return inbound?.contains(packetID) ?? false
    }

    var inboundCount: Int { session?.inbound.count ?? inbound?.count ?? 0 }
}
