import Dispatch
import Glibc
import Logging
import MartletBase
import MartletBroker
import MartletGateway
import MartletObserve
import MartletPKI
import MartletServices
import MartletStore
import NIOPosix
import ServiceLifecycle

/// Opens the listeners, says that the server is ready, and on the way out drains: no new connections, DISCONNECT 0x8B
/// to those there are.
struct GatewayService: Service, CustomStringConvertible {
    let configuration: ServerConfiguration
    let authority: Authority
    let server: ServerCertificate
    let broker: Broker
    let shadows: ShadowService
    let passwords: PasswordUsers
    let group: MultiThreadedEventLoopGroup
    let certificates: RegistryCertificates
    let desk: FrontDesk
    let metrics: ServerMetrics
    let logger: Logger

    /// Logs show this, and nothing of what the service holds.
    var description: String { "gateway" }

    func run() async throws {
        let gateway = try await makeGateway()
        await broker.recover()
        do throws(EngineError) {
            try await shadows.repair()
        } catch {
            throw ServerFailure.runtime("the shadows cannot be read: \(error)")
        }
        do {
            let ports = try await gateway.start()
            announce(ports)
            desk.health.set("listeners", failure: nil)
            metrics.markReady()
            try? await gracefulShutdown()
        } catch let error as Gateway.BindError {
            await gateway.stopAccepting()
            throw ServerFailure.runtime(
                "cannot listen on \(error.address):\(error.port) for \(error.listener): \(error.detail)")
        }
        SecondSignal.endsTheProcess()
        desk.health.set("listeners", failure: "the server is shutting down")
        logger.info("draining")
        await gateway.stopAccepting()
        await gateway.finishRequests()
        await broker.drain()
        await shadows.stop()
        ReadyAnnouncement.withdraw(configuration)
    }

    private func makeGateway() async throws -> Gateway {
        var gateway = Gateway.Configuration(
            bindAddress: configuration.bindAddress, account: configuration.realm.account,
            allowsAnonymousOnSharedPort: configuration.anonymous == .allow)
        let passwords = passwords
        gateway.asksForPasswords = { passwords.isInForce }
        gateway.apiPort = configuration.ports.api
        gateway.mqttPort = configuration.ports.mqtt
        gateway.mqttsPort = configuration.ports.mqtts
        gateway.httpsPort = configuration.ports.https
        gateway.connectTimeoutSeconds = configuration.limits.connectTimeoutSeconds
        gateway.handshakeTimeoutSeconds = configuration.limits.tlsHandshakeTimeoutSeconds
        gateway.httpRequestTimeoutSeconds = configuration.limits.httpRequestTimeoutSeconds
        gateway.httpHeaderBytes = configuration.limits.httpHeaderBytes
        gateway.httpBodyBytes = configuration.limits.httpBodyBytes
        gateway.httpPublishBytes = configuration.limits.payloadBytes
        gateway.webSocketFrameBytes = configuration.limits.packetBytes
        gateway.webSocketLifetimeSeconds = configuration.limits.webSocketLifetimeSeconds
        gateway.webSocketCloseIsDisconnect = configuration.isAWSProfile
        gateway.proxyProtocolListeners = configuration.proxyProtocolListeners
        gateway.proxyProtocolTrusted = configuration.proxyProtocolTrusted
        let handshakes = metrics.handshakeFailures
        return try await Gateway(
            configuration: gateway, group: group, broker: broker,
            tls: TLSIdentity(certificateFile: server.certificateFile, privateKeyFile: server.privateKeyFile),
            directory: certificates, responder: desk, random: desk.random, onHandshakeFailure: { handshakes.increment($0) },
            logger: logger)
    }

    private func announce(_ ports: Gateway.Ports) {
        let endpoints = ReadyReport.Endpoints(
            bindAddress: configuration.bindAddress, api: ports.api ?? 0, mqtt: ports.mqtt, mqtts: ports.mqtts ?? 0,
            https: ports.https ?? 0)
        let report = ReadyReport(
            profile: configuration.profile.rawValue, account: configuration.realm.account.text,
            region: configuration.realm.region, pid: Int(getpid()), endpoints: endpoints,
            caFile: AbsolutePath.of(authority.certificateFile),
            dataDirectory: AbsolutePath.of(configuration.dataDirectory))
        do throws(ServerFailure) {
            try ReadyAnnouncement.publish(report, configuration)
        } catch {
            // Of a full disk, say. The server works; martlet env and quickstart do not find it by themselves.
            logger.error("other commands will not find this server", metadata: ["because": "\(error)"])
        }
    }
}

/// A person who sends a second signal does not want to wait.
private enum SecondSignal {
    /// Dispatch sources live as long as somebody holds them, and the process ends with this one's work.
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    static func endsTheProcess() {
        for number in [SIGTERM, SIGINT] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { _exit(1) }
            source.resume()
            sources.append(source)
        }
    }
}
