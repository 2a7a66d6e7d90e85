import MQTTCodec
import NIOCore
import NIOEmbedded
import Testing

@testable import MartletDevice

@Suite("Keep-alive and time-outs, on a clock that the test moves")
struct DeviceHandlerTests {
    private struct Setup {
        var channel: EmbeddedChannel
        var handler: DeviceHandler
        var connected: EventLoopFuture<ServerLimits>

        func sent() throws -> [Packet] {
            var packets: [Packet] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                packets.append(
                    try buffer.withUnsafeReadableBytes { try Packet.decode(frame: $0, version: .v5) })
            }
            return packets
        }

        func outcome<T>(_ future: EventLoopFuture<T>) -> DeviceError? {
            var error: DeviceError?
            future.assumeIsolated().whenFailure { error = $0 as? DeviceError }
            return error
        }
    }

    private func start(keepAliveSeconds: UInt16 = 60) throws -> Setup {
        var configuration = DeviceConfiguration(host: "h", port: 1, clientID: "pump7")
        configuration.keepAliveSeconds = keepAliveSeconds
        let channel = EmbeddedChannel()
        let connected = channel.eventLoop.makePromise(of: ServerLimits.self)
        let (_, continuation) = AsyncThrowingStream.makeStream(of: DeviceMessage.self)
        let handler = DeviceHandler(configuration, connected: connected, messages: continuation)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return Setup(channel: channel, handler: handler, connected: connected.futureResult)
    }

    private func accepted(keepAliveSeconds: UInt16 = 60) throws -> Setup {
        let setup = try start(keepAliveSeconds: keepAliveSeconds)
        try setup.channel.writeInbound(Packet.connAck(ConnAck(reasonCode: .success)))
        #expect(try setup.sent().map(\.type) == [.connect])
        return setup
    }

    @Test("PINGREQ goes out at three quarters of a silent interval, again and again while it is answered")
    func ping() throws {
        let setup = try accepted()
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(44))
        #expect(try setup.sent().isEmpty)
        for _ in 0..<3 {
            setup.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            #expect(try setup.sent() == [.pingReq(PingReq())])
            try setup.channel.writeInbound(Packet.pingResp(PingResp()))
            setup.channel.embeddedEventLoop.advanceTime(by: .seconds(44))
            #expect(try setup.sent().isEmpty)
        }
        #expect(setup.channel.isActive)
    }

    @Test("Something sent puts the PINGREQ off")
    func activity() throws {
        let setup = try accepted()
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(30))
        let promise = setup.channel.eventLoop.makePromise(of: ReasonCode.self)
        setup.handler.publish(topic: "a", payload: ByteBuffer(), qos: .atMostOnce, retain: false, promise)
        #expect(try setup.sent().map(\.type) == [.publish])
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(44))
        #expect(try setup.sent().isEmpty)
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try setup.sent().map(\.type) == [.pingReq])
    }

    @Test("An unanswered PINGREQ ends the connection")
    func pingTimeout() throws {
        let setup = try accepted()
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(45 + 9))
        #expect(setup.channel.isActive)
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!setup.channel.isActive)
    }

    @Test("Keep-alive 0 sends no PINGREQ")
    func noKeepAlive() throws {
        let setup = try accepted(keepAliveSeconds: 0)
        setup.channel.embeddedEventLoop.advanceTime(by: .hours(24))
        #expect(try setup.sent().isEmpty && setup.channel.isActive)
    }

    @Test("A server that does not answer CONNECT is given up after the time-out")
    func connectTimeout() throws {
        let setup = try start()
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(setup.channel.isActive)
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!setup.channel.isActive)
        let error = setup.outcome(setup.connected)
        guard case .timeout(_, seconds: 10)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("An unanswered PUBLISH fails, and everything else that waits fails with it")
    func answerTimeout() throws {
        let setup = try accepted(keepAliveSeconds: 0)
        let promises = (0..<2).map { _ in setup.channel.eventLoop.makePromise(of: ReasonCode.self) }
        setup.handler.publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, retain: false, promises[0])
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        setup.handler.subscribe(filter: "b", qos: .atLeastOnce, promises[1])
        setup.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        for promise in promises {
            #expect(setup.outcome(promise.futureResult) == .timeout(.pubAck, seconds: 10))
        }
        #expect(!setup.channel.isActive)
    }
}
