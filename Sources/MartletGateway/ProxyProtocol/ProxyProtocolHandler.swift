import Logging
import NIOCore

/// Stands before everything else, TLS too, on a listener behind a load balancer: reads where the connection really comes
/// from, lets the pipeline be built with that, and leaves.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let timeoutSeconds: Int
    private let socketPeer: PeerAddress
    private let logger: Logger
    private let onHeader: (any Channel, PeerAddress) throws -> Void
    private var held = ByteBuffer()
    private var isDone = false
    private var deadline: Scheduled<Void>?

    init(
        timeoutSeconds: Int, socketPeer: PeerAddress, logger: Logger,
        onHeader: @escaping (any Channel, PeerAddress) throws -> Void
    ) {
        self.timeoutSeconds = timeoutSeconds
        self.socketPeer = socketPeer
        self.logger = logger
        self.onHeader = onHeader
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(timeoutSeconds))) {
            let (this, context) = bound.value
            this.refuse(context, "proxyHeaderTimeout", "no whole header within \(this.timeoutSeconds) s")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        held.writeBuffer(&bytes)
        guard !isDone else { return }
        do throws(ProxyHeader.Fault) {
            guard let header = try ProxyHeader.read(&held) else { return }
            switch header {
            case .client(let address): proceed(context, PeerAddress(address))
            case .unknown: proceed(context, socketPeer)
            }
        } catch {
            refuse(context, "proxyHeaderInvalid", "\(error)")
        }
    }

    private func proceed(_ context: ChannelHandlerContext, _ peer: PeerAddress) {
        isDone = true
        deadline?.cancel()
        do {
            try onHeader(context.channel, peer)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Whoever follows gets what came behind the header.
    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        guard isDone, held.readableBytes > 0 else { return }
        context.fireChannelRead(wrapInboundOut(held.slice()))
        context.fireChannelReadComplete()
    }

    private func refuse(_ context: ChannelHandlerContext, _ reason: String, _ detail: String) {
        guard !isDone else { return }
        isDone = true
        held.clear()
        logger.notice(
            "connection refused by its PROXY header",
            metadata: ["reason": "\(reason)", "detail": "\(detail)", "address": "\(socketPeer)"])
        context.close(promise: nil)
    }
}
