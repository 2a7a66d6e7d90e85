import Logging
import NIOCore

/// On the shared port without ALPN the first byte tells MQTT from HTTP: a CONNECT begins with 0x10, an HTTP request
/// with a letter (mqtt-broker.md section 1).
final class FirstBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let choose: (ChannelHandlerContext, _ isMQTT: Bool) -> Void
    private let timeoutSeconds: Int
    private let logger: Logger
    private var held: [ByteBuffer] = []
    private var isDecided = false
    private var deadline: Scheduled<Void>?

    init(timeoutSeconds: Int, logger: Logger, choose: @escaping (ChannelHandlerContext, _ isMQTT: Bool) -> Void) {
        self.timeoutSeconds = timeoutSeconds
        self.logger = logger
        self.choose = choose
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let (seconds, logger) = (timeoutSeconds, logger)
        let address = context.remoteAddress?.hostAndPort ?? "unknown"
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
            logger.notice(
                "connection closed before its first packet",
                metadata: [
                    "reason": "connectTimeout", "detail": "nothing was sent within \(seconds) s after the handshake",
                    "address": "\(address)",
                ])
            bound.value.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        held.append(bytes)
        guard !isDecided, let first = bytes.readableBytesView.first else { return }
        isDecided = true
        deadline?.cancel()
        choose(context, first == 0x10)
    }

    /// Whoever follows gets what was held.
    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        for bytes in held { context.fireChannelRead(wrapInboundOut(bytes)) }
        if !held.isEmpty { context.fireChannelReadComplete() }
        held = []
    }
}
