import MQTTCodec
import MartletBase
import NIOCore
import Testing

@testable import MartletBroker

/// A client that speaks to a shard directly: what it sends is handled at once, what it is sent is kept as packets.
final class TestClient: ConnectionTransport {
    private unowned let world: TestBroker
    private let shard: BrokerShard
    private let loop: Int
    private var connection: ClientConnection?
    private var unread: [Packet] = []
    private var version = ProtocolVersion.v5
    private var inbox = ByteBuffer()
    private(set) var received: [Packet] = []
    private(set) var isClosed = false
    var isWritable = true

    init(_ world: TestBroker, loop: Int, address: String = "127.0.0.1", lifetime: ConnectionLifetime? = nil) {
        self.world = world
        self.loop = loop
        shard = world.shards[loop]
        var peer = PeerIdentity(
            principal: .anonymous, address: address, port: 1000 + world.clients.count, serverName: nil,
            isEncrypted: false)
        peer.lifetime = lifetime
        connection = shard.attach(self, account: world.broker.account(.zero), peer: peer)
    }

    // MARK: Sending

    func sendConnect(
        _ id: String, version: ProtocolVersion, clean: Bool, expiry: UInt32, keepAlive: UInt16, receiveMaximum: UInt16?,
        topicAliasMaximum: UInt16? = nil, will: Will?
    ) {
        self.version = version
        var properties = Properties()
        if version == .v5 {
            if expiry > 0 { properties.sessionExpiryIntervalSeconds = expiry }
            properties.receiveMaximum = receiveMaximum
            properties.topicAliasMaximum = topicAliasMaximum
        }
        send(
            .connect(
                Connect(
                    version: version, clientID: MQTTString(id), cleanStart: clean, keepAliveSeconds: keepAlive, will: will,
                    properties: properties)))
        world.run()
    }

    /// CONNECT, without running what follows from it.
    func sendConnectOnly(_ id: String, clean: Bool = true, expiry: UInt32 = 0) {
        var properties = Properties()
        if expiry > 0 { properties.sessionExpiryIntervalSeconds = expiry }
        send(.connect(Connect(version: .v5, clientID: MQTTString(id), cleanStart: clean, properties: properties)))
    }

    /// Handles the packet on the loop, without running what follows from it.
    func send(_ packet: Packet) {
        guard let connection, !isClosed else { return }
        guard shard.mayRead(connection) else { return unread.append(packet) }
        var bytes = ByteBuffer()
        do {
            try packet.encode(into: &bytes, version: version)
            try bytes.withUnsafeReadableBytes { frame in
                guard let header = try FixedHeader.parse(frame, version: connection.protocolVersion) else { return }
                shard.beginReading(connection)
                shard.receive(frame, header: header, from: connection)
                shard.endReading(connection)
            }
        } catch {
            Issue.record("\(packet) cannot be sent: \(error)")
        }
    }

    func subscribe(
        _ filter: String, qos: QoS = .atLeastOnce, retainAsPublished: Bool = false, identifier: Int? = nil
    ) {
        var properties = Properties()
        properties.subscriptionIdentifier = identifier
        send(
            .subscribe(
                Subscribe(
                    packetID: 1,
                    subscriptions: [Subscription(MQTTString(filter), qos: qos, retainAsPublished: retainAsPublished)],
                    properties: properties)))
        world.run()
    }

    func unsubscribe(_ filter: String) {
        send(.unsubscribe(Unsubscribe(packetID: 2, filters: [MQTTString(filter)])))
        world.run()
    }

    func publish(
        _ topic: String, _ text: String, qos: QoS = .atLeastOnce, retain: Bool = false, id: UInt16 = 1,
        expiry: UInt32? = nil
    ) {
        var properties = Properties()
        properties.messageExpiryIntervalSeconds = expiry
        send(
            .publish(
                Publish(
                    topic: MQTTString(topic), payload: ByteBuffer(string: text), qos: qos, retain: retain,
                    packetID: qos == .atMostOnce ? 0 : id, properties: properties)))
        world.run()
    }

    /// A QoS 2 PUBLISH on the topic `t`.
    func sendPublish(_ text: String, id: UInt16, dup: Bool) {
        send(.publish(Publish(topic: "t", payload: ByteBuffer(string: text), qos: .exactlyOnce, dup: dup, packetID: id)))
        world.run()
    }

    func acknowledge(_ id: UInt16) {
        send(.pubAck(PubAck(packetID: id)))
        world.run()
    }

    func received(_ id: UInt16, _ code: ReasonCode = .success) {
        send(.pubRec(PubRec(packetID: id, reasonCode: code)))
        world.run()
    }

    func release(_ id: UInt16) {
        send(.pubRel(PubRel(packetID: id)))
        world.run()
    }

    func complete(_ id: UInt16) {
        send(.pubComp(PubComp(packetID: id)))
        world.run()
    }

    func disconnect(expiry: UInt32? = nil, code: ReasonCode = .normalDisconnection) {
        var properties = Properties()
        properties.sessionExpiryIntervalSeconds = expiry
        send(.disconnect(Disconnect(reasonCode: code, properties: properties)))
        world.run()
    }

    /// The network is gone.
    func cut() {
        if let connection, !isClosed { shard.transportClosed(connection, error: nil) }
        connection = nil
        isClosed = true
        world.run()
    }

    // MARK: What it got

    var connAck: ConnAck? {
        received.compactMap { if case .connAck(let packet) = $0 { packet } else { nil } }.first
    }

    var publishes: [Publish] {
        received.compactMap { if case .publish(let packet) = $0 { packet } else { nil } }
    }

    var texts: [String] { publishes.map { String(buffer: $0.payload) } }

    var pubAcks: [UInt16] {
        received.compactMap { if case .pubAck(let packet) = $0 { packet.packetID } else { nil } }
    }

    /// Acknowledgements of all kinds, in order, in words: `PUBREC 1`, `PUBCOMP 2 0x92`.
    var exchange: [String] {
        received.compactMap { packet in
            switch packet {
            case .pubAck(let ack): Self.words("PUBACK", ack)
            case .pubRec(let ack): Self.words("PUBREC", ack)
            case .pubRel(let ack): Self.words("PUBREL", ack)
            case .pubComp(let ack): Self.words("PUBCOMP", ack)
            default: nil
            }
        }
    }

    private static func words(_ name: String, _ ack: Acknowledgement) -> String {
        "\(name) \(ack.packetID)" + (ack.reasonCode == .success ? "" : " 0x" + String(ack.reasonCode.rawValue, radix: 16, uppercase: true))
    }

    var subAckCodes: [ReasonCode] {
        received.compactMap { if case .subAck(let packet) = $0 { packet.reasonCodes } else { nil } }.last ?? []
    }

    var hasSubAck: Bool { received.contains { if case .subAck = $0 { true } else { false } } }

    var disconnectCode: ReasonCode? {
        received.compactMap { if case .disconnect(let packet) = $0 { packet.reasonCode } else { nil } }.first
    }

    func forget() { received = [] }

    // MARK: ConnectionTransport

    func write(_ bytes: ByteBuffer) {
        inbox.writeImmutableBuffer(bytes)
        while inbox.readableBytes > 0 {
            do {
                let packet = try inbox.readablePacket(version)
                guard let packet else { return }
                received.append(packet)
            } catch {
                Issue.record("the server has sent \(error)")
                return
            }
        }
    }

    func flush() {}

    func closeAfterFlush(lingers: Bool) {
        isClosed = true
        connection = nil
    }

    func resumeReading() {
        let waiting = unread
        unread = []
        for packet in waiting { send(packet) }
    }
}

extension ByteBuffer {
    /// The next whole packet that a server has sent.
    fileprivate mutating func readablePacket(_ version: ProtocolVersion) throws -> Packet? {
        let length: Int? = try withUnsafeReadableBytes { bytes in
            guard let header = try FixedHeader.parse(bytes, version: version), header.frameLength <= bytes.count else {
                return nil
            }
            return header.frameLength
        }
        guard let length, let frame = readSlice(length: length) else { return nil }
        return try frame.withUnsafeReadableBytes { try Packet.decode(frame: $0, version: version) }
    }
}
