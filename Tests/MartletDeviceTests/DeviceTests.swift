import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore
import NIOSSL
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

@testable import MartletDevice
@testable import MartletPKI

@Suite("A device on a real socket")
struct DeviceTests {
    typealias Version = MartletDevice.ProtocolVersion

    private func configuration(_ port: Int, _ version: Version = .v5) -> DeviceConfiguration {
        DeviceConfiguration(host: "127.0.0.1", port: port, clientID: "pump7", version: version)
    }

    /// The error of connecting.
    private func failure(_ configuration: DeviceConfiguration) async -> DeviceError? {
        do {
            try await Device.withConnection(configuration) { _ in }
            return nil
        } catch {
            return error as? DeviceError
        }
    }

    @Test("It subscribes, publishes at both QoS and receives, in both versions", arguments: Version.allCases)
    func roundTrip(version: Version) async throws {
        try await FakeServer.run(version: version.codec) { port in
            let received = try await Device.withConnection(configuration(port, version)) { device in
                #expect(device.clientID == "pump7")
                #expect(try await device.subscribe("t/#") == .atLeastOnce)
                #expect(try await device.subscribe("u", qos: .atMostOnce) == .atMostOnce)
                try await device.publish("t/1", "one")
                try await device.publish("t/2", [2], qos: .atMostOnce, retain: true)
                var received: [DeviceMessage] = []
                for try await message in device.messages {
                    received.append(message)
                    if received.count == 2 { break }
                }
                return received
            }
            #expect(
                received == [
                    DeviceMessage(topic: "t/1", payload: Array("one".utf8), qos: .atLeastOnce),
                    DeviceMessage(topic: "t/2", payload: [2], qos: .atMostOnce, retain: true),
                ])
        }
    }

    @Test("The socket is closed after DISCONNECT when the body ends, also by an error")
    func scope() async throws {
        struct Stop: Error {}
        let disconnects = Mutex(0)
        try await FakeServer.run(script: { packet in
            if case .disconnect(let packet) = packet, packet.reasonCode == .normalDisconnection {
                disconnects.withLock { $0 += 1 }
            }
            return FakeServer.echo(packet)
        }) { port in
            let escaped = try await Device.withConnection(configuration(port)) { $0 }
            await #expect(throws: DeviceError.disconnected) { try await escaped.publish("a", "b") }
            var messages = escaped.messages.makeAsyncIterator()
            #expect(try await messages.next() == nil)
            await #expect(throws: Stop.self) {
                try await Device.withConnection(configuration(port)) { _ in throw Stop() }
            }
        }
        #expect(disconnects.withLock { $0 } == 2)
    }

    @Test("A refused CONNECT says why, in both versions", arguments: Version.allCases)
    func connectRefused(version: Version) async throws {
        let script: FakeServer.Script = { _ in
            [.send(.connAck(ConnAck(reasonCode: .notAuthorized))), .close]
        }
        try await FakeServer.run(version: version.codec, script: script) { port in
            let refusal = Refusal(reasonCode: 0x87, name: "notAuthorized", serverText: nil)
            #expect(await failure(configuration(port, version)) == .connectRefused(clientID: "pump7", refusal))
        }
    }

    @Test("Refusals of SUBSCRIBE and PUBLISH fail that request only, with the server's words")
    func refusals() async throws {
        var properties = Properties()
        properties.reasonString = "no policy allows it"
        let words = properties
        try await FakeServer.run(script: { packet in
            switch packet {
            case .subscribe(let packet):
                [
                    .send(
                        .subAck(
                            SubAck(packetID: packet.packetID, reasonCodes: [.notAuthorized], properties: words)))
                ]
            case .publish(let packet) where packet.topic == "no":
                [
                    .send(
                        .pubAck(
                            PubAck(packetID: packet.packetID, reasonCode: .notAuthorized, properties: words)))
                ]
            default: FakeServer.echo(packet)
            }
        }) { port in
            let refusal = Refusal(reasonCode: 0x87, name: "notAuthorized", serverText: "no policy allows it")
            try await Device.withConnection(configuration(port)) { device in
                await #expect(throws: DeviceError.subscribeRefused(filter: "a", refusal)) {
                    try await device.subscribe("a")
                }
                await #expect(throws: DeviceError.publishRefused(topic: "no", refusal)) {
                    try await device.publish("no", "x")
                }
                try await device.publish("yes", "x")
            }
        }
    }

    @Test("A server's DISCONNECT and a silent close end the messages with the reason")
    func serverEnds() async throws {
        let refusal = Refusal(reasonCode: 0x8E, name: "sessionTakenOver", serverText: nil)
        let goodbye = FakeServer.Answer.send(.disconnect(Disconnect(reasonCode: .sessionTakenOver)))
        for (answer, expected) in [
            (goodbye, DeviceError.disconnectedByServer(refusal)),
            (.close, .closed(waitingFor: .session, problem: "the server closed it without saying why")),
        ] {
            try await FakeServer.run(script: { packet in
                if case .publish = packet { [answer] } else { FakeServer.echo(packet) }
            }) { port in
                try await Device.withConnection(configuration(port)) { device in
                    try await device.publish("a", "x", qos: .atMostOnce)
                    await #expect(throws: expected) { for try await _ in device.messages {} }
                }
            }
        }
    }

    @Test("More unread messages than the limit end the connection, and the last one is not acknowledged")
    func unreadMessages() async throws {
        let acknowledged = Mutex(0)
        try await FakeServer.run(script: { packet in
            switch packet {
            case .publish:
                return (1...3).map { .send(.publish(Publish(topic: "a", qos: .atLeastOnce, packetID: $0))) }
            case .pubAck: acknowledged.withLock { $0 += 1 }
            default: return FakeServer.echo(packet)
            }
            return []
        }) { port in
            var configuration = configuration(port)
            configuration.maximumUnreadMessages = 2
            try await Device.withConnection(configuration) { device in
                let error = await #expect(throws: DeviceError.self) { try await device.publish("a", "x") }
                #expect(error == .tooManyUnreadMessages(limit: 2))
            }
        }
        #expect(acknowledged.withLock { $0 } <= 2)
    }

    @Test("Bytes that are not MQTT, and packets beyond the limit, end the connection by name")
    func malformed() async throws {
        try await FakeServer.run(script: { packet in
            if case .publish = packet {
                [.send(.publish(Publish(topic: "a", payload: ByteBuffer(repeating: 1, count: 2_000))))]
            } else {
                FakeServer.echo(packet)
            }
        }) { port in
            var configuration = configuration(port)
            configuration.maximumPacketBytes = 1_000
            try await Device.withConnection(configuration) { device in
                try await device.publish("a", "x", qos: .atMostOnce)
                let error = await #expect(throws: DeviceError.self) { for try await _ in device.messages {} }
                #expect(error?.code == "protocolViolation")
                #expect(error?.description.contains("packetTooLarge") == true)
            }
        }
    }

    @Test("Cancelling the task ends the connection at once")
    func cancellation() async throws {
        try await FakeServer.run(script: { packet in
            if case .publish = packet { [] } else { FakeServer.echo(packet) }
        }) { port in
            let configuration = configuration(port)
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await Device.withConnection(configuration) { device in
                    start.finish()
                    try await device.publish("a", "x")
                }
            }
            for await _ in started {}
            task.cancel()
            let error = await #expect(throws: DeviceError.self) { try await task.value }
            #expect(error?.code == "closed" || error?.code == "disconnected")
        }
    }

    @Test("A port where nobody listens is a TCP error that names host and port")
    func nobodyListens() async throws {
        let port = try await FakeServer.run { $0 }
        #expect(
            await failure(configuration(port))
                == .tcp(host: "127.0.0.1", port: port, problem: "Connection refused"))
    }

    @Test("A name that does not exist is a resolve error")
    func unknownHost() async throws {
        var configuration = configuration(1883)
        configuration.host = "no-such-host.invalid"
        #expect(await failure(configuration)?.code == "resolve")
    }

    @Test("Ports and client ids that cannot be are refused before anything is dialled")
    func badConfiguration() async throws {
        #expect(await failure(configuration(0))?.code == "invalidArgument")
        var configuration = configuration(1883)
        configuration.clientID = "a\0b"
        #expect(await failure(configuration)?.code == "invalidArgument")
    }
}

@Suite("Mutual TLS")
struct DeviceTLSTests {
    private struct Setup {
        var server: NIOSSLContext
        var authorityFile: String
        var authorityPEM: String
        var certificatePEM: String
        var privateKeyPEM: String

        var device: DeviceTLS {
            DeviceTLS(
                identity: (.text(certificatePEM), .text(privateKeyPEM)), trustedAuthority: .file(authorityFile))
        }
    }

    private func withSetup(names: [String] = ["localhost", "127.0.0.1"], _ body: (Setup) async throws -> Void)
        async throws
    {
        try await withTemporaryDirectory { directory in
            let authority = try Authority.loadOrCreate(
                directory: directory + "/pki", clock: VirtualClock(Self.now), random: SystemRandomSource())
            let server = try authority.serverCertificate(names: names)
            let device = try await authority.issueDeviceCertificate()
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(server.certificateFile).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: server.privateKeyFile, format: .pem)))
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .file(authority.certificateFile)
            try await body(
                Setup(
                    server: try NIOSSLContext(configuration: configuration),
                    authorityFile: authority.certificateFile, authorityPEM: authority.certificatePEM,
                    certificatePEM: device.certificatePEM, privateKeyPEM: device.privateKeyPEM))
        }
    }

    /// TLS compares with the real time, so the certificates must be of the real time too.
    private static var now: WallInstant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallInstant(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000)
    }

    private func failure(_ port: Int, host: String = "127.0.0.1", _ tls: DeviceTLS) async -> DeviceError? {
        do {
            try await Device.withConnection(
                DeviceConfiguration(host: host, port: port, clientID: "pump7", tls: tls)
            ) { _ in }
            return nil
        } catch {
            return error as? DeviceError
        }
    }

    @Test("A certificate that the authority issued is good for a connection, by address and by name")
    func connects() async throws {
        try await withSetup { setup in
            try await FakeServer.run(tls: setup.server) { port in
                for serverName in [nil, "localhost"] {
                    var tls = setup.device
                    tls.serverName = serverName
                    tls.trustedAuthority = .text(setup.authorityPEM)
                    try await Device.withConnection(
                        DeviceConfiguration(host: "127.0.0.1", port: port, clientID: "pump7", tls: tls)
                    ) { device in
                        try await device.publish("a", "x")
                    }
                }
            }
        }
    }

    @Test("A certificate for other names is refused, by address and by name")
    func names() async throws {
        try await withSetup(names: ["elsewhere.test"]) { setup in
            try await FakeServer.run(tls: setup.server) { port in
                let refused = DeviceError.tls(
                    problem: "the server's certificate is not for the name or address that was dialled")
                #expect(await failure(port, setup.device) == refused)
                #expect(await failure(port, host: "localhost", setup.device) == refused)
                var tls = setup.device
                tls.serverName = "elsewhere.test"
                #expect(await failure(port, tls) == nil)
            }
        }
    }

    @Test("Another authority, no certificate, a foreign certificate and no TLS are told apart")
    func refusals() async throws {
        try await withSetup { setup in
            try await withSetup { other in
                try await FakeServer.run(tls: setup.server) { port in
                    var tls = setup.device
                    tls.trustedAuthority = .file(other.authorityFile)
                    #expect(
                        await failure(port, tls)
                            == .tls(
                                problem:
                                    "the server's certificate is not signed by the trusted authority, or has expired"
                            ))
                    tls = setup.device
                    tls.identity = nil
                    let missing = await failure(port, tls)
                    #expect(missing == .tls(problem: "the server asks for a device certificate"))
                    tls.identity = (.text(other.certificatePEM), .text(other.privateKeyPEM))
                    #expect(await failure(port, tls)?.code == "tls")
                }
                try await FakeServer.run { port in
                    #expect(await failure(port, setup.device)?.code == "tls")
                }
            }
        }
    }

    @Test("Credentials that cannot be used are named before anything is dialled")
    func credentials() async throws {
        try await withSetup { setup in
            try await withSetup { other in
                var tls = setup.device
                tls.identity = (.text(setup.certificatePEM), .text(other.privateKeyPEM))
                #expect(await failure(1, tls)?.description.contains("do not belong together") == true)
                tls.identity = (.file(setup.authorityFile + ".missing"), .text(setup.privateKeyPEM))
                #expect(await failure(1, tls)?.description.contains(setup.authorityFile + ".missing") == true)
                tls.identity = (.text(setup.certificatePEM), .text("no key"))
                #expect(await failure(1, tls)?.code == "credentials")
                tls = setup.device
                tls.trustedAuthority = .text("")
                #expect(await failure(1, tls)?.code == "credentials")
            }
        }
    }
}
