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
        package var httpRequestTimeoutSeconds = 30
        /// Clients without any identity are let in on the shared TLS port (dev).
        package var allowsAnonymousOnSharedPort: Bool
        /// Whether users with passwords may come: then a client without a certificate is let in as far as CONNECT.
        package var asksForPasswords: @Sendable () -> Bool = { false }

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

    private let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    private let broker: Broker
    private let loops: GatewayLoops
    private let tls: TLSIdentity
    private let directory: any ClientCertificateDirectory
    private let http: HTTPFrontDoor
    private let onHandshakeFailure: @Sendable (String) -> Void
    private let logger: Logger

    package init(
        configuration: Configuration, group: MultiThreadedEventLoopGroup, broker: Broker, tls: TLSIdentity,
        directory: any ClientCertificateDirectory, responder: any APIResponder,
        onHandshakeFailure: @escaping @Sendable (String) -> Void, logger: Logger
    ) async throws {
        self.configuration = configuration
        self.group = group
        self.broker = broker
        self.tls = tls
        self.directory = directory
        self.onHandshakeFailure = onHandshakeFailure
        self.logger = logger
        http = HTTPFrontDoor(
            responder: responder,
            limits: .init(
                headerBytes: configuration.httpHeaderBytes, bodyBytes: configuration.httpBodyBytes,
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
            ports.api = try await bind("api", address, port) { try $0.setUpHTTP($1) }
        }
        if let port = configuration.mqttPort {
            ports.mqtt = try await bind("mqtt", address, port) { try $0.setUpMQTT($1) }
        }
        if let port = configuration.mqttsPort {
            ports.mqtts = try await bind("mqtts", address, port) { try $0.setUpTLS($1, needsCertificate: true) }
        }
        if let port = configuration.httpsPort {
            ports.https = try await bind("https", address, port) { try $0.setUpTLS($1, needsCertificate: false) }
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
        _ setUp: @escaping @Sendable (Gateway, any Channel) throws -> Void
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
                channel.eventLoop.makeCompletedFuture { try setUp(self, channel) }
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
    private func setUpHTTP(_ channel: any Channel) throws {
        serveHTTP(channel, identified: nil, serverName: nil, isEncrypted: false)
    }

    private func serveHTTP(
        _ channel: any Channel, identified: IdentifiedCertificate?, serverName: String?, isEncrypted: Bool
    ) {
        let caller = HTTPCaller(
            address: channel.remoteAddress?.ipAddress ?? "", certificate: identified, serverName: serverName,
            isEncrypted: isEncrypted)
        http.serve(channel, caller: caller).whenFailure { _ in channel.close(promise: nil) }
    }

    private func setUpMQTT(_ channel: any Channel) throws {
        let loop = loops.here(channel.eventLoop)
        try channel.syncOptions?.setOption(
            .recvAllocator, value: SharedReadBufferAllocator(loop.readBuffer))
        try addMQTT(
            channel, principal: .anonymous, account: configuration.account, serverName: nil, isEncrypted: false,
            readBuffer: loop.readBuffer)
    }

    private func addMQTT(
        _ channel: any Channel, principal: PeerIdentity.Principal, account: AccountID, serverName: String?,
        isEncrypted: Bool, readBuffer: LoopReadBuffer?
    ) throws {
        let address = channel.remoteAddress
        let peer = PeerIdentity(
            principal: principal, address: address?.ipAddress ?? "", port: address?.port ?? 0, serverName: serverName,
            isEncrypted: isEncrypted)
        try channel.pipeline.syncOperations.addHandler(
            MQTTConnectionHandler(
                shard: loops.here(channel.eventLoop).shard, account: broker.account(account), peer: peer,
                readBuffer: readBuffer))
    }

    /// The ClientHello is read for its server name, then TLS, then what ALPN or the first bytes choose.
    private func setUpTLS(_ channel: any Channel, needsCertificate: Bool) throws {
        let end = TLSHandshakeHandler(
            needsCertificate: needsCertificate, timeoutSeconds: configuration.handshakeTimeoutSeconds,
            logger: logger, onFailure: onHandshakeFailure
        ) { [self] context, outcome in
            handshakeDone(context, outcome, needsCertificate: needsCertificate)
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

    private func handshakeDone(
        _ context: ChannelHandlerContext, _ outcome: TLSHandshakeHandler.Outcome, needsCertificate: Bool
    ) {
        if needsCertificate || outcome.applicationProtocol?.isMQTT == true {
            return proceed(context, outcome, isMQTT: true)
        }
        if outcome.applicationProtocol != nil { return proceed(context, outcome, isMQTT: false) }
        let detector = FirstBytesHandler(timeoutSeconds: configuration.connectTimeoutSeconds, logger: logger) {
            [self] detectorContext, isMQTT in
            proceed(detectorContext, outcome, isMQTT: isMQTT)
        }
        do {
            try context.pipeline.syncOperations.addHandler(detector)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Puts the protocol's own handlers at the end of the pipeline and takes the deciding one out.
    private func proceed(
        _ context: ChannelHandlerContext, _ outcome: TLSHandshakeHandler.Outcome, isMQTT: Bool
    ) {
        let channel = context.channel
        let principal = outcome.identified.map { PeerIdentity.Principal.certificate($0.id) } ?? .anonymous
        do {
            if isMQTT {
                guard principal != .anonymous || configuration.allowsAnonymousOnSharedPort || configuration.asksForPasswords()
                else {
                    logger.notice(
                        "mqtt refused without identity",
                        metadata: ["reason": "NOT_AUTHENTICATED", "address": "\(channel.remoteAddress?.ipAddress ?? "")"])
                    return context.close(promise: nil)
                }
                try addMQTT(
                    channel, principal: principal, account: outcome.identified?.account ?? configuration.account,
                    serverName: outcome.serverName, isEncrypted: true, readBuffer: nil)
            } else {
                serveHTTP(
                    channel, identified: outcome.identified, serverName: outcome.serverName, isEncrypted: true)
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
