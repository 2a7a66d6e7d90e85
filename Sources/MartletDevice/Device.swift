internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// The device's side of MQTT.
public enum Device {
    /// Connects, runs the body and disconnects, however the body ends: no socket outlives the call.
    /// - Throws: `DeviceError` where connecting fails, else what the body throws.
    public static func withConnection<R>(
        _ configuration: DeviceConfiguration, isolation: isolated (any Actor)? = #isolation,
        _ body: (DeviceConnection) async throws -> R
    ) async throws -> R {
        let connection = try await connect(configuration)
        do {
            let result = try await body(connection)
            await connection.disconnect()
            return result
        } catch {
            await connection.disconnect()
            throw error
        }
    }

    /// What the initialiser of a channel leaves behind.
    private struct Opened: Sendable {
        var channel: any Channel
        var handler: NIOLoopBound<DeviceHandler>
        var connected: EventLoopFuture<ServerLimits>
        var messages: AsyncThrowingStream<DeviceMessage, any Error>
    }

    private static func connect(_ configuration: DeviceConfiguration) async throws(DeviceError) -> DeviceConnection {
        try check(configuration)
        let opened = try await open(configuration, try configuration.tls?.makeContext())
        let limits: ServerLimits
        do {
            limits = try await outcome(of: opened.connected, closing: opened.channel)
        } catch {
            try? await opened.channel.closeFuture.get()
            throw error
        }
        return DeviceConnection(
            limits, channel: opened.channel, handler: opened.handler, messages: opened.messages)
    }

    private static func check(_ configuration: DeviceConfiguration) throws(DeviceError) {
        guard (1...65_535).contains(configuration.port) else {
            throw .invalid(argument: "port \(configuration.port)", problem: "ports are 1 to 65535")
        }
        guard configuration.clientID.utf8.count <= 65_535, !configuration.clientID.utf8.contains(0) else {
            throw .invalid(argument: "client id", problem: "it is longer than 65535 bytes or contains U+0000")
        }
    }

    private static func open(
        _ configuration: DeviceConfiguration, _ tls: NIOSSLContext?
    ) async throws(DeviceError) -> Opened {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(Int64(configuration.connectTimeoutSeconds)))
                .connect(host: configuration.host, port: configuration.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try initialise(channel, configuration, tls) }
                }
        } catch {
            throw connectError(error, configuration)
        }
    }

    private static func initialise(
        _ channel: any Channel, _ configuration: DeviceConfiguration, _ tls: NIOSSLContext?
    ) throws -> Opened {
        let connected = channel.eventLoop.makePromise(of: ServerLimits.self)
        let (messages, continuation) = AsyncThrowingStream.makeStream(
            of: DeviceMessage.self, bufferingPolicy: .bufferingOldest(configuration.maximumUnreadMessages))
        let handler = DeviceHandler(configuration, connected: connected, messages: continuation)
        do {
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(tlsHandler(tls, configuration)) }
            try pipeline.addHandler(
                ByteToMessageHandler(
                    PacketDecoder(
                        version: configuration.version.codec, maximumPacketBytes: configuration.maximumPacketBytes)))
            try pipeline.addHandler(handler)
        } catch {
            connected.fail(error)
            throw error
        }
        return Opened(
            channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop),
            connected: connected.futureResult, messages: messages)
    }

    /// An IP address is checked against the certificate but not sent as SNI (RFC 6066 section 3).
    private static func tlsHandler(
        _ tls: NIOSSLContext, _ configuration: DeviceConfiguration
    ) throws -> NIOSSLClientHandler {
        let name = configuration.tls?.serverName ?? configuration.host
        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
        do {
            return try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : name)
        } catch {
            throw DeviceError.invalid(argument: "server name '\(name)'", problem: "it cannot be sent as SNI")
        }
    }

    private static func connectError(_ error: any Error, _ configuration: DeviceConfiguration) -> DeviceError {
        switch error {
        case let error as DeviceError: return error
        case ChannelError.connectTimeout: return .timeout(.tcp, seconds: configuration.connectTimeoutSeconds)
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.last?.error {
                if case ChannelError.connectTimeout = failure {
                    return .timeout(.tcp, seconds: configuration.connectTimeoutSeconds)
                }
                return .tcp(
                    host: configuration.host, port: configuration.port, problem: TransportProblem.text(failure))
            }
            return .resolve(host: configuration.host, problem: "the name is unknown, or there is no name server")
        default:
            return .tcp(host: configuration.host, port: configuration.port, problem: TransportProblem.text(error))
        }
    }

    /// Waits for a future of a channel. Cancelling the task closes the channel, which settles the future.
    static func outcome<Value: Sendable>(
        of future: EventLoopFuture<Value>, closing channel: any Channel
    ) async throws(DeviceError) -> Value {
        do {
            return try await withTaskCancellationHandler {
                try await future.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            throw error as? DeviceError
                ?? .closed(waitingFor: .session, problem: TransportProblem.text(error))
        }
    }
}
