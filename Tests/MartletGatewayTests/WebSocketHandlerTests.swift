import NIOCore
import NIOEmbedded
import Testing

@testable import MartletGateway

/// Stands where the MQTT handler does: keeps what comes, and closes as it would.
private final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    var payload: [UInt8] = []
    var isClosedByClient = false
    var violation: WebSocketViolation?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { payload += unwrapInboundIn(data).bytes }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is WebSocketClosedByClient else { return }
        isClosedByClient = true
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        violation = error as? WebSocketViolation
        context.close(promise: nil)
    }
}

@Suite("WebSocket before MQTT")
struct WebSocketHandlerTests {
    private let channel = EmbeddedChannel()
    private let recorder = Recorder()

    init() throws {
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.pipeline.syncOperations.addHandlers([WebSocketHandler(frameBytesMax: 1000), recorder])
    }

    private func send(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// All bytes that have left so far.
    private func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.bytes }
        return bytes
    }

    @Test("Payload of several frames in one read comes as one piece of bytes, in order")
    func joined() throws {
        try send(Frames.binary([1, 2], fin: false) + Frames.more([3]) + Frames.binary([4]))
        #expect(recorder.payload == [1, 2, 3, 4])
        #expect(try sent() == [])
    }

    @Test("A ping is answered in the middle of a fragmented message, with its own payload")
    func pingWithin() throws {
        try send(Frames.binary([1], fin: false) + Frames.ping([7, 7]) + Frames.more([2]))
        #expect(try sent() == [0x8A, 2, 7, 7])
        #expect(recorder.payload == [1, 2])
    }

    @Test("An unsolicited pong is nothing")
    func pong() throws {
        try send(Frames.pong)
        #expect(try sent() == [])
        #expect(channel.isActive)
    }

    @Test("While the client does not read, only the latest ping is remembered")
    func pongWaits() throws {
        channel.isWritable = false
        for number in 0..<100 { try send(Frames.ping([UInt8(number)])) }
        #expect(try sent() == [])
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(try sent() == [0x8A, 1, 99])
    }

    @Test("Each write is one binary frame without a mask", arguments: [0, 125, 126, 16_384, 16_385, 65_535, 65_536])
    func written(_ count: Int) throws {
        let payload = Frames.number(count)
        try channel.writeOutbound(ByteBuffer(bytes: payload))
        #expect(try sent() == Frames.frame(2, payload, masked: false))
    }

    @Test("The client's Close is told after what came before it, and answered with its code")
    func closed() throws {
        try send(Frames.binary([5]) + Frames.close([0x0F, 0xA1]) + Frames.binary([6]))
        #expect(recorder.payload == [5])
        #expect(recorder.isClosedByClient)
        #expect(try sent() == [0x88, 2, 0x0F, 0xA1])
        #expect(!channel.isActive)
    }

    @Test("A Close without a code is answered by one without")
    func closedWithoutCode() throws {
        try send(Frames.close([]))
        #expect(try sent() == [0x88, 0])
    }

    @Test(
        "A violation is told, and its code leaves before the end",
        arguments: [
            (Frames.frame(1, [0x61]), 1003), (Frames.frame(2, [1], masked: false), 1002),
            (Frames.binary(Frames.number(1001)), 1009), (Frames.close([0x03, 0xE8, 0xFF]), 1007),
        ] as [([UInt8], Int)])
    func violated(_ bytes: [UInt8], _ code: Int) throws {
        try send(Frames.binary([1]) + bytes)
        #expect(recorder.payload == [1])
        #expect(recorder.violation != nil)
        #expect(try sent() == [0x88, 2, UInt8(code >> 8), UInt8(code & 255)])
        #expect(!channel.isActive)
    }

    @Test("The server's own end says 1000, or what it was told to say")
    func closing() throws {
        try channel.close().wait()
        #expect(try sent() == [0x88, 2, 0x03, 0xE8])
        let other = try WebSocketHandlerTests()
        other.recorder.payload = []
        try other.channel.triggerUserOutboundEvent(WebSocketCloseCode.protocolError).wait()
        try other.channel.close().wait()
        #expect(try other.sent() == [0x88, 2, 0x03, 0xEA])
    }
}
