import MQTTCodec
import MartletBroker
import NIOCore

/// Knows both directions of one connection's wire, and stops the run when the server says what a server may not say
/// there. Where a client repeats itself or acknowledges what it was never sent, it gives the server the benefit of the doubt.
struct WireWatch {
    private let limits: BrokerLimits
    /// The client's first packet, if it was a CONNECT.
    private(set) var connect: Connect?
    private var unread: [UInt8] = []
    /// The client's bytes are no longer understood: what it may be answered is not known.
    private var clientIsLost = false
    private var hasSentFirst = false

    private var partial: [UInt8] = []
    private var isAnswered = false
    /// DISCONNECT or a refusal was sent.
    private var isOver = false
    private var aliases: Set<UInt16> = []
    /// How many answers of each kind the client has asked for.
    private var owed: [Owed: Int] = [:]
    /// Messages that the server has sent in this connection and the client has not settled.
    private var exchanges: [UInt16: Exchange] = [:]
    /// Identifiers that the client has acknowledged out of the blue: nothing can be said of them.
    private var doubtful: Set<UInt16> = []

    private struct Owed: Hashable {
        let type: PacketType
        let id: UInt16
    }

    private enum Exchange { case awaitsPubAck, awaitsPubRec, awaitsPubComp }

    init(limits: BrokerLimits) { self.limits = limits }

    private var version: ProtocolVersion { connect?.version ?? .v5 }

    /// The oldest settled-not-yet identifiers, as a well-behaved client would answer them.
    var answersDue: [Packet] {
        exchanges.sorted { $0.key < $1.key }.map { id, exchange in
            switch exchange {
            case .awaitsPubAck: .pubAck(PubAck(packetID: id))
            case .awaitsPubRec: .pubRec(PubRec(packetID: id))
            case .awaitsPubComp: .pubComp(PubComp(packetID: id))
            }
        }
    }

    var someOpenIdentifier: UInt16? { exchanges.keys.min() }
}

// MARK: The client's direction

extension WireWatch {
    mutating func clientSends(_ bytes: [UInt8]) {
        guard !clientIsLost else { return }
        unread += bytes
        while let frame = Self.takeFrame(&unread, hasSentFirst ? version : nil, isLost: &clientIsLost) { clientSent(frame) }
    }

    private static func takeFrame(
        _ bytes: inout [UInt8], _ version: ProtocolVersion?, isLost: inout Bool
    ) -> [UInt8]? {
        let header: FixedHeader?
        do {
            header = try bytes.withUnsafeBytes { try FixedHeader.parse($0, version: version) }
        } catch {
            isLost = true
            return nil
        }
        guard let header, header.frameLength <= bytes.count else { return nil }
        defer { bytes.removeFirst(header.frameLength) }
        return Array(bytes.prefix(header.frameLength))
    }

    private mutating func clientSent(_ frame: [UInt8]) {
        let packet = frame.withUnsafeBytes { try? Packet.decode(frame: $0, version: version) }
        guard hasSentFirst else {
            hasSentFirst = true
            if case .connect(let first)? = packet { connect = first } else { clientIsLost = true }
            return
        }
        guard let packet else {
            // A PUBLISH whose topic is bad has an answer in version 5.
            clientIsLost = true
            return
        }
        note(packet)
    }

    private mutating func note(_ packet: Packet) {
        switch packet {
        case .publish(let publish):
            if publish.qos == .atLeastOnce { owe(.pubAck, publish.packetID) }
            if publish.qos == .exactlyOnce { owe(.pubRec, publish.packetID) }
        case .pubRel(let ack): owe(.pubComp, ack.packetID)
        case .subscribe(let subscribe): owe(.subAck, subscribe.packetID)
        case .unsubscribe(let unsubscribe): owe(.unsubAck, unsubscribe.packetID)
        case .pingReq: owe(.pingResp, 0)
        case .pubAck(let ack): settle(ack.packetID, from: .awaitsPubAck, to: nil)
        case .pubRec(let ack):
            owe(.pubRel, ack.packetID)
            if exchanges[ack.packetID] == .awaitsPubComp { return }
            settle(ack.packetID, from: .awaitsPubRec, to: ack.reasonCode.rawValue >= 0x80 ? nil : .awaitsPubComp)
        case .pubComp(let ack): settle(ack.packetID, from: .awaitsPubComp, to: nil)
        default: break
        }
    }

    private mutating func owe(_ type: PacketType, _ id: UInt16) { owed[Owed(type: type, id: id), default: 0] += 1 }

    private mutating func settle(_ id: UInt16, from: Exchange, to: Exchange?) {
        if exchanges[id] == from { exchanges[id] = to } else { doubtful.insert(id) }
    }
}

// MARK: The server's direction

extension WireWatch {
    mutating func serverSends(_ bytes: [UInt8]) {
        partial += bytes
        var isLost = false
        while let frame = Self.takeFrame(&partial, isAnswered ? version : nil, isLost: &isLost) { serverSent(frame) }
        if isLost { fail("the server has sent no packet: \(partial.prefix(40))") }
    }

    func checkWholeFrames() {
        if !partial.isEmpty { fail("the server has sent a part of a packet: \(partial.prefix(40))") }
    }

    private mutating func serverSent(_ frame: [UInt8]) {
        if isOver { fail("the server has sent after its last packet: \(frame.prefix(40))") }
        guard isAnswered else { return connAck(frame) }
        let packet: Packet
        do {
            packet = try frame.withUnsafeBytes { try Packet.decode(frame: $0, version: version) }
        } catch {
            fail("the server has sent \(error): \(frame.prefix(40))")
        }
        if let limit = connect?.properties.maximumPacketSizeBytes, frame.count > Int(limit) {
            fail("\(frame.count) bytes for a client that takes \(limit)")
        }
        check(packet)
    }

    /// The first packet; in the client's version, or in either when its CONNECT was none.
    private mutating func connAck(_ frame: [UInt8]) {
        isAnswered = true
        let versions = connect.map { [$0.version] } ?? ProtocolVersion.allCases
        let packets = versions.compactMap { version in
            frame.withUnsafeBytes { try? Packet.decode(frame: $0, version: version) }
        }
        guard case .connAck(let answer)? = packets.first else { fail("the first packet is no CONNACK: \(frame)") }
        if connect == nil, answer.reasonCode == .success { fail("what is no CONNECT was accepted") }
        isOver = answer.reasonCode != .success
    }

    private mutating func check(_ packet: Packet) {
        switch packet {
        case .publish(let publish): check(publish)
        case .pubAck(let ack): pay(.pubAck, ack.packetID)
        case .pubRec(let ack): pay(.pubRec, ack.packetID)
        case .pubComp(let ack): pay(.pubComp, ack.packetID)
        case .subAck(let ack): pay(.subAck, ack.packetID)
        case .unsubAck(let ack): pay(.unsubAck, ack.packetID)
        case .pingResp: pay(.pingResp, 0)
        case .pubRel(let ack): released(ack.packetID)
        case .disconnect:
            if version != .v5 { fail("DISCONNECT for a client of 3.1.1") }
            isOver = true
        default: fail("a server does not send \(packet)")
        }
    }

    private mutating func pay(_ type: PacketType, _ id: UInt16) {
        if clientIsLost { return }
        let key = Owed(type: type, id: id)
        guard let count = owed[key], count > 0 else { fail("\(type) \(id) that nobody asked for") }
        owed[key] = count - 1
    }

    private mutating func released(_ id: UInt16) {
        switch exchanges[id] {
        case .awaitsPubComp: break
        // Taken up from an earlier connection, or in answer to a PUBREC of something unknown.
        case nil: exchanges[id] = .awaitsPubComp
        case .awaitsPubAck, .awaitsPubRec:
            if !clientIsLost, !doubtful.contains(id) { fail("PUBREL \(id) before PUBREC") }
        }
    }

    private mutating func check(_ publish: Publish) {
        checkTopic(publish)
        if version == .v3_1_1, !publish.properties.isEmpty { fail("properties in 3.1.1") }
        guard publish.qos != .atMostOnce else {
            if publish.dup { fail("DUP at QoS 0") }
            return
        }
        let id = publish.packetID
        if clientIsLost || doubtful.contains(id) { return }
        if exchanges[id] != nil { fail("packet identifier \(id) was in use") }
        exchanges[id] = publish.qos == .atLeastOnce ? .awaitsPubAck : .awaitsPubRec
        let maximum = min(connect?.properties.receiveMaximum.map(Int.init) ?? 65_535, limits.inflightOut)
        if doubtful.isEmpty, exchanges.count > maximum { fail("\(exchanges.count) messages in flight, and \(maximum) allowed") }
    }

    private mutating func checkTopic(_ publish: Publish) {
        let alias = publish.properties.topicAlias
        if let alias {
            if alias == 0 || alias > connect?.properties.topicAliasMaximum ?? 0 { fail("topic alias \(alias)") }
            if publish.topic.isEmpty, !aliases.contains(alias) { fail("topic alias \(alias) stands for nothing") }
            aliases.insert(alias)
        }
        if publish.topic.isEmpty {
            if alias == nil { fail("neither topic nor alias") }
        } else if (try? publish.topic.bytes.withUnsafeBytes({ try TopicName.validate($0) })) == nil {
            fail("the server publishes on \(publish.topic)")
        }
    }
}
