package import Logging
package import MartletBase
package import MartletBroker
import NIOCore
package import NIOPosix
import NIOSSL
import NIOTLS

/// The listeners: accept, TLS, and the choice between MQTT and HTTP. Everything above deals in packets and requests.
package final class Gateway: Sendable {
    package struct Configuration: Sendable {
        package var bindAddress: String
        package var apiPort: Int?
        package var mqttPort: Int?
        package var mqttsPort: Int?
        package var httpsPort: Int?
        /// The account of clients that no certificate names.
        package var account: AccountID
        package var connectTimeoutSeconds = 30
        package var handshakeTimeoutSeconds = 10
        package var httpHeaderBytes = 64 << 10
        package var httpBodyBytes = 1 << 20
        package var httpPublishBytes = 1 << 20
        package var httpRequestTimeoutSeconds = 30
        /// Clients without any identity are let in on the shared TLS port (dev).
        package var allowsAnonymousOnSharedPort: Bool
        /// Whether users with passwords may come: then a client without a certificate is let in as far as CONNECT.
        package var asksForPasswords: @Sendable () -> Bool = { false }
        /// The longest WebSocket frame (`mqtt.packetMax`).
        package var webSocketFrameBytes = 268_435_455
        /// How long a WebSocket connection without a certificate may last (`wss.ttl`); nil: as long as it likes.
        package var webSocketLifetimeSeconds: Int?
        /// A WebSocket Close frame without DISCONNECT is a client's disconnect as AWS has it: no will is sent.
        package var webSocketCloseIsDisconnect = false
        /// Listeners whose connections begin with a PROXY protocol header: `api`, `mqtt`, `mqtts`, `https`.
        package var proxyProtocolListeners: Set<String> = []
        /// Who may send such a header; nil: whoever can connect.
        package var proxyProtocolTrusted: AddressBlocks?

        package init(bindAddress: String, account: AccountID, allowsAnonymousOnSharedPort: Bool) {
            self.bindAddress = bindAddress
            self.account = account
            self.allowsAnonymousOnSharedPort = allowsAnonymousOnSharedPort
        }
    }

    /// The ports that listen; nil for a listener that is off.
    package struct Ports: Sendable {
        package var api: Int?
        package var mqtt: Int?
        package var mqtts: Int?
        package var https: Int?
    }

    /// A port that could not be bound.
    package struct BindError: Error, Reason {
        package let listener: String
        package let address: String
        package let port: Int
        package let detail: String
        package var code: String { "cannotListen" }
        package var evidence: [Evidence] {
            [
                Evidence("listener", listener), Evidence("address", "\(address):\(port)"),
                Evidence("detail", detail),
            ]
        }
    }

    let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    private let broker: Broker
    private let loops: GatewayLoops
    private let tls: TLSIdentity
    private let directory: any ClientCertificateDirectory
    private let http: HTTPFrontDoor
    private let onHandshakeFailure: @Sendable (String) -> Void
    private let random: any RandomSource
    let logger: Logger

    package init(
        configuration: Configuration, group: MultiThreadedEventLoopGroup, broker: Broker, tls: TLSIdentity,
        directory: any ClientCertificateDirectory, responder: any APIResponder, random: any RandomSource,
        onHandshakeFailure: @escaping @Sendable (String) -> Void, logger: Logger
    ) async throws {
        self.configuration = configuration
        self.group = group
        self.broker = broker
        self.tls = tls
        self.directory = directory
        self.onHandshakeFailure = onHandshakeFailure
        self.random = random
        self.logger = logger
        http = HTTPFrontDoor(
            responder: responder,
            limits: .init(
                headerBytes: configuration.httpHeaderBytes, bodyBytes: configuration.httpBodyBytes,
                publishBytes: configuration.httpPublishBytes,
                requestTimeoutSeconds: configuration.httpRequestTimeoutSeconds), logger: logger)
        var bound: [NIOLoopBound<GatewayLoop>] = []
        for (index, loop) in broker.loops.enumerated() {
            bound.append(
                try await loop.submit {
                    NIOLoopBound(GatewayLoop(shard: broker.makeShard(index)), eventLoop: loop)
                }.get())
        }
        loops = GatewayLoops(broker.loops, bound)
    }

    private let listening = Listeners()

    /// Binds every listener that is configured.
    package func start() async throws -> Ports {
        var ports = Ports()
        let address = configuration.bindAddress
        if let port = configuration.apiPort {
            ports.api = try await bind("api", address, port) { try $0.setUpHTTP($1, $2) }
        }
        if let port = configuration.mqttPort {
            ports.mqtt = try await bind("mqtt", address, port) { try $0.setUpMQTT($1, $2) }
        }
        if let port = configuration.mqttsPort {
            ports.mqtts = try await bind("mqtts", address, port) { try $0.setUpTLS($1, $2, needsCertificate: true) }
        }
        if let port = configuration.httpsPort {
            ports.https = try await bind("https", address, port) { try $0.setUpTLS($1, $2, needsCertificate: false) }
        }
        return ports
    }

    /// Takes no more connections; those there are stay.
    package func stopAccepting() async {
        for channel in listening.takeAll() { try? await channel.close() }
    }

    /// Lets HTTP requests under way be answered, and closes their connections.
    package func finishRequests() async { await http.connections.finish(patience: .seconds(3)) }

    private func bind(
        _ listener: String, _ address: String, _ port: Int,
        _ setUp: @escaping @Sendable (Gateway, any Channel, PeerAddress) throws -> Void
    ) async throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A peer that lost its power is noticed although MQTT's own keep-alive may be off.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try self.accept(channel, listener) { gateway, channel, peer in
                        // An address that was shut out gets no answer at all. Behind a proxy it is the client's own.
                        if gateway.broker.abuse?.refuses(peer.address) == true { return channel.close(promise: nil) }
                        try setUp(gateway, channel, peer)
                    }
                }
            }
        do {
            let channel = try await bootstrap.bind(host: address, port: port).get()
            listening.add(channel)
            return channel.localAddress?.port ?? port
        } catch {
            throw BindError(listener: listener, address: address, port: port, detail: networkWords(error))
        }
    }
}

// MARK: Pipelines

extension Gateway {
    private func setUpHTTP(_ channel: any Channel, _ peer: PeerAddress) throws {
        let detector = FirstBytesHandler(
            mayBeMQTT: false, timeoutSeconds: configuration.httpRequestTimeoutSeconds, peer: peer, logger: logger
        ) { [self] context, choice in
            let secured = Secured(identified: nil, serverName: nil, isEncrypted: false)
            proceed(context, choice, secured, peer)
        }
        try channel.pipeline.syncOperations.addHandler(detector)
    }

    private func setUpMQTT(_ channel: any Channel, _ peer: PeerAddress) throws {
        let loop = loops.here(channel.eventLoop)
        try channel.syncOptions?.setOption(
            .recvAllocator, value: SharedReadBufferAllocator(loop.readBuffer))
        let secured = Secured(identified: nil, serverName: nil, isEncrypted: false)
        try addMQTT(channel, secured, peer, readBuffer: loop.readBuffer)
    }

    /// What the transport has found out of the client.
    private struct Secured {
        let identified: IdentifiedCertificate?
        let serverName: String?
        let isEncrypted: Bool
    }

    private func addMQTT(
        _ channel: any Channel, _ secured: Secured, _ peer: PeerAddress, readBuffer: LoopReadBuffer?,
        lifetime: ConnectionLifetime? = nil
    ) throws {
        var identity = PeerIdentity(
            principal: secured.identified.map { .certificate($0.id) } ?? .anonymous, address: peer.address,
            port: peer.port, serverName: secured.serverName, isEncrypted: secured.isEncrypted)
        identity.lifetime = lifetime
        try channel.pipeline.syncOperations.addHandler(
            MQTTConnectionHandler(
                shard: loops.here(channel.eventLoop).shard,
                account: broker.account(secured.identified?.account ?? configuration.account), peer: identity,
                readBuffer: readBuffer, webSocketCloseIsDisconnect: configuration.webSocketCloseIsDisconnect))
    }

    /// The ClientHello is read for its server name, then TLS, then what ALPN or the first bytes choose.
    private func setUpTLS(_ channel: any Channel, _ peer: PeerAddress, needsCertificate: Bool) throws {
        let end = TLSHandshakeHandler(
            needsCertificate: needsCertificate, timeoutSeconds: configuration.handshakeTimeoutSeconds, peer: peer,
            logger: logger, onFailure: handshakeFailure(of: peer.address)
        ) { [self] context, outcome in
            handshakeDone(context, outcome, peer, needsCertificate: needsCertificate)
        }
        let endBound = NIOLoopBound(end, eventLoop: channel.eventLoop)
        let context = needsCertificate ? tls.mutual : tls.shared
        let directory = directory
        let hello = SNIHandler { result in
            channel.eventLoop.makeCompletedFuture {
                let name: String? = if case .hostname(let name) = result { name } else { nil }
                let handshake = TLSHandshake(
                    serverName: name, directory: directory, loop: channel.eventLoop)
                endBound.value.handshake = handshake
                let bound = NIOLoopBound(handshake, eventLoop: channel.eventLoop)
                let handler = NIOSSLServerHandler(context: context) { chain, promise in
                    bound.value.verify(chain, promise)
                }
                try channel.pipeline.syncOperations.addHandler(handler, position: .before(endBound.value))
            }
        }
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(hello))
        try channel.pipeline.syncOperations.addHandler(end)
    }

    /// A refused certificate counts as a failed authentication of its address; a handshake that breaks off does not.
    private func handshakeFailure(of address: String) -> @Sendable (String) -> Void {
        let (abuse, count) = (broker.abuse, onHandshakeFailure)
        return { code in
            count(code)
            guard code != "HANDSHAKE_TIMEOUT", code != "CONNECTION_LOST", code != "HANDSHAKE_FAILED" else { return }
            abuse?.note(.failedAuthentications, by: address)
        }
    }

    private func handshakeDone(
        _ context: ChannelHandlerContext, _ outcome: TLSHandshakeHandler.Outcome, _ peer: PeerAddress,
        needsCertificate: Bool
    ) {
        let secured = Secured(
            identified: outcome.identified, serverName: outcome.serverName, isEncrypted: true)
        if needsCertificate || outcome.applicationProtocol?.isMQTT == true {
            return proceed(context, .mqtt, secured, peer)
        }
        let detector = FirstBytesHandler(
            mayBeMQTT: outcome.applicationProtocol == nil, timeoutSeconds: configuration.connectTimeoutSeconds,
            peer: peer, logger: logger
        ) { [self] detectorContext, choice in
            proceed(detectorContext, choice, secured, peer)
        }
        do {
            try context.pipeline.syncOperations.addHandler(detector)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Whether who shows no certificate gets as far as CONNECT.
    private var letsUnidentifiedIn: Bool { configuration.allowsAnonymousOnSharedPort || configuration.asksForPasswords() }

    /// Puts the protocol's own handlers at the end of the pipeline and takes the deciding one out.
    private func proceed(
        _ context: ChannelHandlerContext, _ choice: FirstBytes, _ secured: Secured, _ peer: PeerAddress
    ) {
        let channel = context.channel
        do {
            switch choice {
            case .mqtt:
                guard secured.identified != nil || letsUnidentifiedIn else {
                    logger.notice(
                        "mqtt refused without identity",
                        metadata: ["reason": "NOT_AUTHENTICATED", "address": "\(peer.address)"])
                    return context.close(promise: nil)
                }
                try addMQTT(channel, secured, peer, readBuffer: nil)
            case .webSocket: try addWebSocket(channel, secured, peer)
            case .http: serveHTTP(channel, secured, peer)
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    private func serveHTTP(_ channel: any Channel, _ secured: Secured, _ peer: PeerAddress) {
        let caller = HTTPCaller(
            address: peer.address, certificate: secured.identified, serverName: secured.serverName,
            isEncrypted: secured.isEncrypted)
        http.serve(channel, caller: caller, peer: peer).whenFailure { _ in channel.close(promise: nil) }
    }

    /// The upgrade request is answered; then frames on the wire and MQTT behind them.
    private func addWebSocket(_ channel: any Channel, _ secured: Secured, _ peer: PeerAddress) throws {
        let settings = WebSocketUpgradeHandler.Settings(
            headerBytes: configuration.httpHeaderBytes, timeoutSeconds: configuration.httpRequestTimeoutSeconds,
            hasCertificate: secured.identified != nil, allowsAnonymous: letsUnidentifiedIn,
            peer: peer, random: random, logger: logger)
        try WebSocketUpgradeHandler.install(on: channel, settings) { [self] channel in
            let frames = WebSocketHandler(frameBytesMax: configuration.webSocketFrameBytes)
            try channel.pipeline.syncOperations.addHandler(frames)
            let seconds = secured.identified == nil ? configuration.webSocketLifetimeSeconds : nil
            try addMQTT(channel, secured, peer, readBuffer: nil, lifetime: seconds.map { .webSocket(seconds: $0) })
        }
    }
}
