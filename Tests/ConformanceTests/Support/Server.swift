import IoTPolicy
import Logging
import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import MartletBroker
@testable import MartletGateway

/// The broker and the connection's own pipeline on NIO's in-memory channels, one loop, with a clock that tests move.
final class Server {
    struct Configuration {
        var limits = BrokerLimits()
        var behaviour = BrokerBehaviour()
        /// The policy of every client; nil allows everything.
        var policy: String?
    }

    let feeding: Feeding
    let loop = EmbeddedEventLoop()
    let clock = VirtualClock()
    let broker: Broker
    let shard: BrokerShard
    private(set) var longestWrite = 0
    private var clients: [Client] = []

    init(_ configuration: Configuration, _ feeding: Feeding) {
        self.feeding = feeding
        broker = Broker(
            region: "us-east-1", loops: [loop], limits: configuration.limits, behaviour: configuration.behaviour,
            authority: PolicyAuthority(configuration.policy), clock: clock, random: SeededRandomSource(seed: 7),
            logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
        shard = broker.makeShard(0)
    }

    func client() throws -> Client {
        let peer = PeerIdentity(
            principal: .anonymous, address: "192.0.2.1", port: 50_000 + clients.count, serverName: nil,
            isEncrypted: false)
        let handler = MQTTConnectionHandler(
            shard: shard, account: broker.account(.zero), peer: peer, readBuffer: nil)
        let channel = EmbeddedChannel(handler: handler, loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1883)).wait()
        let client = Client(channel, self)
        clients.append(client)
        return client
    }

    /// A client whose clean CONNECT has been accepted.
    func connected(_ id: String, _ version: ProtocolVersion, sourceLocation: SourceLocation = #_sourceLocation)
        throws -> Client
    {
        let client = try client()
        try client.send(Self.connect(id, version))
        #expect(client.received().starts(with: [0x20]), "\(id) is accepted", sourceLocation: sourceLocation)
        return client
    }

    /// Version 5 asks for no problem information, so that answers have no text in them.
    static func connect(_ id: String, _ version: ProtocolVersion) -> String {
        version == .v5 ? "10 ~ \"MQTT\" 05 02 0000 {17 00} \"\(id)\"" : "10 ~ \"MQTT\" 04 02 0000 \"\(id)\""
    }

    func settle() { loop.run() }

    /// Moves the time of day and the loop's clock together.
    func pass(seconds: Int64) {
        clock.advance(seconds: seconds)
        loop.advanceTime(by: .seconds(seconds))
    }

    func noteWrite(_ count: Int) { longestWrite = max(longestWrite, count) }

    func stop() {
        for client in clients { client.stop() }
        shard.stopClock()
        loop.run()
    }
}

/// The other end of one connection.
final class Client {
    private let channel: EmbeddedChannel
    private let server: Server

    init(_ channel: EmbeddedChannel, _ server: Server) {
        self.channel = channel
        self.server = server
    }

    func send(_ notation: String) throws { try send(wire(notation)) }

    func send(_ bytes: [UInt8]) throws {
        server.noteWrite(bytes.count)
        for piece in pieces(of: bytes) where channel.isActive {
            try channel.writeInbound(ByteBuffer(bytes: piece))
            server.settle()
        }
    }

    private func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        switch server.feeding {
        case .whole: [bytes[...]]
        case .byteByByte: bytes.indices.map { bytes[$0...$0] }
        case .cut(let length): length < bytes.count ? [bytes[..<length], bytes[length...]] : [bytes[...]]
        }
    }

    /// What came since the last look.
    func received() -> [UInt8] {
        server.settle()
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    func expect(_ notation: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let (got, wanted) = (spaced(received()), spaced(wire(notation)))
        #expect(got == wanted, "fed \(server.feeding)", sourceLocation: sourceLocation)
    }

    func expectClosed(_ isClosed: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) {
        server.settle()
        #expect(channel.isActive != isClosed, "fed \(server.feeding)", sourceLocation: sourceLocation)
    }

    /// The socket breaks without DISCONNECT.
    func vanish() {
        channel.close(promise: nil)
        server.settle()
    }

    func stop() { _ = try? channel.finish(acceptAlreadyClosed: true) }
}

/// One policy for everybody.
struct PolicyAuthority: ConnectionAuthority {
    private let policy: CompiledPolicy

    init(_ text: String?) {
        policy = text.flatMap { try? PolicyDocument(parsing: $0) }
            .map { CompiledPolicy(name: "test", versionID: "1", document: $0) } ?? .allowAll
    }

    func authorize(
        _ request: AuthorizationRequest, on loop: any EventLoop,
        _ done: @escaping @Sendable (Result<ConnectionAuthorization, ConnectRefusal>) -> Void
    ) {
        let context = PolicyContext(
            realm: request.realm, clientID: request.clientID, sourceIP: request.peer.address, secureTransport: false)
        done(.success(ConnectionAuthorization(
            authorizer: Authorizer(policies: [policy], context: context), thingName: nil)))
    }
}
