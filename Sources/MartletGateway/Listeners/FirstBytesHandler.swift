import NIOCore

/// On the shared port without ALPN the first byte tells MQTT from HTTP: a CONNECT begins with 0x10, an HTTP request with
/// a letter (mqtt-broker.md section 1).
final class FirstBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let choose: (ChannelHandlerContext, _ isMQTT: Bool) -> Void
    private let timeoutSeconds: Int
    private var held: [ByteBuffer] = []
    private var isDecided = false
    private var deadline: Scheduled<Void>?

    init(timeoutSeconds: Int, choose: @escaping (ChannelHandlerContext, _ isMQTT: Bool) -> Void) {
        self.timeoutSeconds = timeoutSeconds
        self.choose = choose
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(timeoutSeconds))) {
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
