import MQTTCodec
import MartletBase
import MartletBroker
import NIOCore

/// A network connection of a client: what it sends is handled at once, if the server reads; what it is sent is kept as
/// packets.
final class SimulatedConnection: ConnectionTransport {
    private let shard: BrokerShard
    private let loop: any EventLoop
    private let version: ProtocolVersion
    private var connection: ClientConnection?
    /// Sent, and not read by the server yet.
    private var unread: [Packet] = []
    private var inbox = ByteBuffer()
    private var received: [Packet] = []
    /// What was wrong with what the server has sent.
    private(set) var fault: String?
    private(set) var isClosed = false
    let isWritable = true

    init(_ server: SimulatedServer, loop: Int, port: Int, version: ProtocolVersion) {
        shard = server.shards[loop]
        self.loop = server.loop(loop)
        self.version = version
        let peer = PeerIdentity(
            principal: .anonymous, address: "127.0.0.1", port: port, serverName: nil, isEncrypted: false)
        connection = shard.attach(self, account: server.broker.account(.zero), peer: peer)
    }

    func send(_ packet: Packet) {
        guard let connection, !isClosed else { return }
        guard unread.isEmpty, shard.mayRead(connection) else { return unread.append(packet) }
        handle(packet, connection)
    }

    private func handle(_ packet: Packet, _ connection: ClientConnection) {
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
            fault = "\(packet) cannot be sent: \(error)"
        }
    }

    /// The network is gone.
    func cut() {
        unread = []
        if let connection, !isClosed { shard.transportClosed(connection, error: nil) }
        connection = nil
        isClosed = true
    }

    /// The client has gone on to another connection and says nothing more on this one.
    func abandon() { unread = [] }

    /// What has come since the last call.
    func takeReceived() -> [Packet] {
        defer { received = [] }
        return received
    }

    // MARK: ConnectionTransport

    func write(_ bytes: ByteBuffer) {
        inbox.writeImmutableBuffer(bytes)
        do {
            while let packet = try inbox.readPacket(version) { received.append(packet) }
        } catch {
            fault = "the server has sent what is no packet: \(error)"
        }
    }

    func flush() {}

    func closeAfterFlush(lingers: Bool) {
        isClosed = true
        connection = nil
        unread = []
    }

    func resumeReading() {
        guard !unread.isEmpty else { return }
        loop.assumeIsolatedUnsafeUnchecked().execute { self.readOn() }
    }

    private func readOn() {
        while !unread.isEmpty, let connection, !isClosed, shard.mayRead(connection) {
            handle(unread.removeFirst(), connection)
        }
    }
}

extension ByteBuffer {
    /// The next whole packet that a server has sent.
    fileprivate mutating func readPacket(_ version: ProtocolVersion) throws -> Packet? {
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
