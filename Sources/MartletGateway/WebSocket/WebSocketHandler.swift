import NIOCore

/// The client has sent a Close frame and says no more.
struct WebSocketClosedByClient: Sendable {}

/// Stands before `MQTTConnectionHandler` and turns frames into bytes and back (RFC 6455). Pings are answered here and are
/// no MQTT traffic. Whatever closes the connection from behind, a Close frame goes first.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Up to here a payload is copied behind its header, so that TLS makes one record of both.
    private static let copiedBytesMax = 16 << 10

    private var reader: WebSocketFrameReader
    /// The client has said its last: Close, or something that is no frame.
    private var isReadingOver = false
    private var hasSentClose = false
    /// What our Close frame will say.
    private var closeCode: UInt16? = WebSocketCloseCode.normal.rawValue
    /// The latest ping while the client does not read; the earlier ones need no answer (RFC 6455 section 5.5.3).
    private var waitingPong: ByteBuffer?

    init(frameBytesMax: Int) { reader = WebSocketFrameReader(frameBytesMax: frameBytesMax) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isReadingOver else { return }
        var bytes = unwrapInboundIn(data)
        var payload = context.channel.allocator.buffer(capacity: bytes.readableBytes)
        do throws(WebSocketViolation) {
            while !isReadingOver, let control = try reader.next(&bytes, into: &payload) {
                handle(context, control)
            }
            deliver(context, payload)
            if isReadingOver { context.fireUserInboundEventTriggered(WebSocketClosedByClient()) }
        } catch {
            isReadingOver = true
            deliver(context, payload)
            closeCode = error.closeCode.rawValue
            context.fireErrorCaught(error)
        }
    }

    private func deliver(_ context: ChannelHandlerContext, _ payload: ByteBuffer) {
        if payload.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(payload)) }
    }

    private func handle(_ context: ChannelHandlerContext, _ control: WebSocketFrameReader.Control) {
        switch control {
        case .ping(let body): pong(context, body)
        case .pong: break
        case .close(let code):
            isReadingOver = true
            closeCode = code
        }
    }

    private func pong(_ context: ChannelHandlerContext, _ body: ByteBuffer) {
        guard context.channel.isWritable else { return waitingPong = body }
        guard !hasSentClose else { return }
        write(context, .pong, body, promise: nil)
        context.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, let body = waitingPong {
            waitingPong = nil
            pong(context, body)
        }
        context.fireChannelWritabilityChanged()
    }
}

// MARK: Writing

extension WebSocketHandler {
    private enum Opcode: UInt8 {
        case binary = 2
        case close = 8
        case pong = 10
    }

    /// Each buffer is one frame, not masked.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !hasSentClose else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        write(context, .binary, unwrapOutboundIn(data), promise: promise)
    }

    private func write(
        _ context: ChannelHandlerContext, _ opcode: Opcode, _ body: ByteBuffer, promise: EventLoopPromise<Void>?
    ) {
        let count = body.readableBytes
        let isCopied = count <= Self.copiedBytesMax
        var frame = context.channel.allocator.buffer(capacity: isCopied ? count + 10 : 10)
        frame.writeInteger(0x80 | opcode.rawValue)
        switch count {
        case ...125: frame.writeInteger(UInt8(count))
        case ...65_535:
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(count))
        default:
            frame.writeInteger(UInt8(127))
            frame.writeInteger(UInt64(count))
        }
        if isCopied {
            frame.writeImmutableBuffer(body)
            context.write(wrapOutboundOut(frame), promise: promise)
        } else {
            context.write(wrapOutboundOut(frame), promise: nil)
            context.write(wrapOutboundOut(body), promise: promise)
        }
    }

    /// What closes the connection may say with which code.
    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let code = event as? WebSocketCloseCode else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        if !isReadingOver { closeCode = code.rawValue }
        promise?.succeed()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { sendClose(context) }
        context.close(mode: mode, promise: promise)
    }

    private func sendClose(_ context: ChannelHandlerContext) {
        guard !hasSentClose, context.channel.isActive else { return }
        var body = ByteBuffer()
        if let closeCode { body.writeInteger(closeCode) }
        write(context, .close, body, promise: nil)
        hasSentClose = true
        context.flush()
    }
}
