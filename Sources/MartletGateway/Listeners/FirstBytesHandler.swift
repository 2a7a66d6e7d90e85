import Logging
import NIOCore

/// Waits for the first bytes of a connection, lets `FirstBytes` choose the protocol by them, and leaves.
final class FirstBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let mayBeMQTT: Bool
    private let timeoutSeconds: Int
    private let peer: PeerAddress
    private let logger: Logger
    private let choose: (ChannelHandlerContext, FirstBytes) -> Void
    private var held: [ByteBuffer] = []
    private var first: [UInt8] = []
    private var isDecided = false
    private var deadline: Scheduled<Void>?

    init(
        mayBeMQTT: Bool, timeoutSeconds: Int, peer: PeerAddress, logger: Logger,
        choose: @escaping (ChannelHandlerContext, FirstBytes) -> Void
    ) {
        self.mayBeMQTT = mayBeMQTT
        self.timeoutSeconds = timeoutSeconds
        self.peer = peer
        self.logger = logger
        self.choose = choose
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(timeoutSeconds))) {
            let (this, context) = bound.value
            this.logTimeout()
            context.close(promise: nil)
        }
    }

    private func logTimeout() {
        let isHTTP = !mayBeMQTT
        logger.notice(
            isHTTP ? "http connection closed" : "connection closed before its first packet",
            metadata: [
                "reason": isHTTP ? "httpRequestTimeout" : "connectTimeout",
                "detail": isHTTP
                    ? "no whole request within \(timeoutSeconds) s"
                    : "nothing was sent within \(timeoutSeconds) s after the handshake",
                "address": "\(peer)",
            ])
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        held.append(bytes)
        guard !isDecided else { return }
        first += bytes.readableBytesView.prefix(FirstBytes.byteCount - first.count)
        guard let choice = FirstBytes(first, mayBeMQTT: mayBeMQTT) else { return }
        isDecided = true
        deadline?.cancel()
        choose(context, choice)
    }

    /// Whoever follows gets what was held.
    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        for bytes in held { context.fireChannelRead(wrapInboundOut(bytes)) }
        if !held.isEmpty { context.fireChannelReadComplete() }
        held = []
    }
}
