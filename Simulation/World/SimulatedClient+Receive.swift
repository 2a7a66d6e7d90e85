import MQTTCodec
import NIOCore

/// What the server says, and whether it may.
extension SimulatedClient {
    /// Takes in what has come. Returns whether anything has.
    @discardableResult
    func look() -> Bool {
        guard let connection else { return false }
        let packets = connection.takeReceived()
        for packet in packets { receive(packet) }
        if let fault = connection.fault { violation(fault) }
        if connection.isClosed {
            note("the server has closed the connection")
            disconnected()
        }
        return !packets.isEmpty
    }

    private func receive(_ packet: Packet) {
        switch packet {
        case .connAck(let packet): connAck(packet)
        case .publish(let packet): receive(packet)
        case .pubAck(let ack): acknowledged(ack)
        case .pubRec(let ack): received(ack)
        case .pubRel(let ack): released(ack.packetID)
        case .pubComp(let ack): completed(ack.packetID)
        case .subAck(let ack): subscribed(ack)
        case .unsubAck(let ack): unsubscribed(ack.packetID)
        case .disconnect(let packet): note("the server says DISCONNECT \(packet.reasonCode)")
        default: violation("has got \(packet)")
        }
    }

    // MARK: About what it has published

    private func acknowledged(_ ack: PubAck) {
        guard let index = open.firstIndex(where: { $0.id == ack.packetID && $0.message.qos == 1 }) else {
            return violation("has got PUBACK \(ack.packetID), which is not open")
        }
        end(open.remove(at: index), ack.reasonCode, "PUBACK")
    }

    private func received(_ ack: PubRec) {
        guard let index = open.firstIndex(where: { $0.id == ack.packetID && $0.message.qos == 2 }) else {
            return violation("has got PUBREC \(ack.packetID), which is not open")
        }
        end(open[index], ack.reasonCode, "PUBREC")
        if ack.reasonCode.rawValue >= 0x80 {
            open.remove(at: index)
        } else {
            open[index].isReleased = true
            connection?.send(.pubRel(PubRel(packetID: ack.packetID)))
        }
    }

    /// The server has taken the message over, or refused it.
    private func end(_ exchange: Exchange, _ code: ReasonCode, _ name: String) {
        note("\(name) \(exchange.message.name)" + (code == .success ? "" : " \(code)"))
        // No matching subscribers is a success.
        if code.rawValue < 0x80 {
            ledger.acknowledged(exchange.message)
        } else if exchange.message.endedAt == nil {
            exchange.message.endedAt = ledger.tick()
        }
    }

    private func completed(_ packetID: UInt16) {
        guard let index = open.firstIndex(where: { $0.id == packetID && $0.isReleased }) else {
            return violation("has got PUBCOMP \(packetID), which is not open")
        }
        open.remove(at: index)
    }

    private func subscribed(_ ack: SubAck) {
        guard let wish = asking.removeValue(forKey: ack.packetID), let code = ack.reasonCodes.first else {
            return violation("has got SUBACK \(ack.packetID), which is not open")
        }
        note("SUBACK \(wish.filter) \(code)")
        guard code.rawValue <= 2, let session else { return }
        if code.rawValue != wish.qos { violation("was granted QoS \(code.rawValue)") }
        // What was there stays there.
        guard session.subscriptions[wish.filter] == nil, !givingUp.values.contains(wish.filter) else { return }
        session.subscriptions[wish.filter] = SessionModel.Held(qos: wish.qos, since: ledger.tick())
    }

    private func unsubscribed(_ packetID: UInt16) {
        guard let filter = givingUp.removeValue(forKey: packetID) else {
            return violation("has got UNSUBACK \(packetID), which is not open")
        }
        note("UNSUBACK \(filter)")
        ledger.memberLeft(filter)
    }

    // MARK: What it is sent

    private func receive(_ packet: Publish) {
        let qos = packet.qos.rawValue
        let text = String(buffer: packet.payload)
        note("gets \(text.prefix { $0 != "|" }) \(packet.topic.string) QoS \(qos)" + (packet.dup ? " DUP" : "") + (packet.retain ? " retained" : ""))
        let isRepetition = qos == 2 && unreleased.contains(packet.packetID)
        if qos > 0 { use(packet.packetID, qos) }
        if !isRepetition { take(packet, text) }
    }

    private func use(_ id: UInt16, _ qos: UInt8) {
        if inUse[id] == true { violation("has got the identifier \(id) twice") }
        inUse[id] = true
        if inUse.values.count(where: { $0 }) > receiveMaximum, version == .v5 { violation("has got more than its Receive Maximum") }
        if qos == 2 { unreleased.insert(id) }
        answers.append(qos == 1 ? .pubAck(PubAck(packetID: id)) : .pubRec(PubRec(packetID: id)))
    }

    private func released(_ id: UInt16) {
        note("PUBREL \(id)")
        unreleased.remove(id)
        if inUse[id] == nil { inUse[id] = false }
        answers.append(.pubComp(PubComp(packetID: id)))
    }

    /// A message that is new to the client as MQTT knows it.
    private func take(_ packet: Publish, _ text: String) {
        guard let session else { return violation("has got a message without a session") }
        let qos = packet.qos.rawValue
        guard !text.isEmpty else { return }
        guard let message = ledger.messages[text] else { return violation("has got what nobody sent: \(text)") }
        guard message.topic == packet.topic.string else { return violation("has got \(message.name) on \(packet.topic.string)") }
        let asked = session.asked.filter { matches(withoutShare($0.key), message.topic) }
        guard let most = asked.values.max() else { return violation("has got \(message.name), which it did not ask for") }
        if qos > min(most, message.qos) { violation("has got \(message.name) at QoS \(qos)") }
        // As an answer to a subscription it is what is retained, and no delivery.
        guard !packet.retain else { return }
        if isSettled, keeps, qos > 0 { violation("has got \(message.name), which was settled on disk") }
        // What a session has that is not kept is forgotten by a server that dies, and may go to another member.
        for filter in asked.keys where filter.hasPrefix("$share/") && session.seen[text] == nil && keeps {
            ledger.delivered(message, toGroup: filter)
        }
        note(message, qos, packet, session)
    }

    private func note(_ message: SentMessage, _ qos: UInt8, _ packet: Publish, _ session: SessionModel) {
        if let before = session.seen.updateValue(connectionNumber, forKey: message.text) {
            if message.qos == 0 || qos == 2 { violation("has got \(message.name) twice at QoS \(qos)") }
            if before == connectionNumber, message.timesSent == 1 { violation("has got \(message.name) twice on one connection") }
            return
        }
        guard !session.asked.keys.contains(where: { $0.hasPrefix("$share/") }) else { return }
        let key = SessionModel.OrderKey(
            publisher: message.publisher, topic: message.topic, sent: message.qos, received: qos,
            connection: qos == 0 ? connectionNumber : 0)
        let last = session.last[key] ?? 0
        // Who subscribes between two attempts to publish gets what had already come through before what had not.
        let heardAll = message.timesSent == 1 || session.subscriptions.contains { matches($0.key, message.topic) && $0.value.since < message.firstSent }
        if last > message.number, heardAll { violation("has got \(message.name) after number \(last)") }
        session.last[key] = max(last, message.number)
    }

    // MARK: What must come

    /// The message was acknowledged to its publisher.
    func expect(_ message: SentMessage) {
        guard isKept, let session, isSessionKept else { return }
        let isOwed = session.subscriptions.contains { filter, held in
            held.qos > 0 && held.since < Ledger.wasSent(message) && matches(filter, message.topic)
        }
        if isOwed { session.due.append(message) }
    }

    /// On a connection that does not keep its session nothing is owed beyond its end.
    private var isSessionKept: Bool { !isConnected || keeps }

    func compare() {
        guard let session, isSessionKept else { return }
        for message in session.due where session.seen[message.text] == nil { violation("has lost \(message.name)") }
    }
}
