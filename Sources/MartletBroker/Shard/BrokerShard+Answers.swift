import MQTTCodec
import MartletStore
import NIOCore

/// Acknowledgements leave a connection in the order of what they acknowledge `[MQTT-4.6.0-2]`, and not before what they
/// promise is on disk.
extension BrokerShard {
    /// Sends an acknowledgement that says success, or lets it wait.
    /// - Parameter isStored: what it acknowledges is in this turn's batch.
    @inline(__always)
    func answerShort(_ type: PacketType, _ connection: ClientConnection, _ packetID: UInt16, isStored: Bool) {
        guard isStored || connection.answers != nil else {
            ensureOutput(connection)
            AckEncoder.append(type, packetID, reasonCode: .success, into: &connection.output.tail)
            return markDirty(connection)
        }
        enqueue(.short(type, packetID), isStored: isStored, on: connection)
    }

    func answer(_ connection: ClientConnection, _ packet: Packet, isStored: Bool) {
        guard isStored || connection.answers != nil else {
            send(packet, to: connection)
            return
        }
        enqueue(.packet(PendingAnswer.PacketBox(packet)), isStored: isStored, on: connection)
    }

    private func enqueue(_ answer: PendingAnswer.Answer, isStored: Bool, on connection: ClientConnection) {
        if connection.answers == nil { connection.answers = CircularBuffer() }
        let ticket = isStored ? submitted.next : connection.answers?.last?.ticket ?? .zero
        if case .short(.pubAck, _) = answer { connection.pendingPubAcks += 1 }
        let waitsAlready = connection.answers?.last.map { $0.ticket == ticket } ?? false
        connection.answers?.append(PendingAnswer(ticket: ticket, answer: answer))
        if isStored, !waitsAlready { afterDurable(.answers(ref(connection))) }
    }

    /// What waited is durable up to `durable`.
    func releaseAnswers(of connection: ClientConnection) {
        while let first = connection.answers?.first, first.ticket <= durable {
            connection.answers?.removeFirst()
            switch first.answer {
            case .short(let type, let packetID):
                if type == .pubAck { connection.pendingPubAcks -= 1 }
                ensureOutput(connection)
                AckEncoder.append(type, packetID, reasonCode: .success, into: &connection.output.tail)
                markDirty(connection)
            case .packet(let box): send(box.packet, to: connection)
            }
        }
        guard connection.answers?.isEmpty == true else { return }
        connection.answers = nil
        if mayRead(connection) { connection.transport.resumeReading() }
    }
}
