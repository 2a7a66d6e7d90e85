import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Keeps one HTTP connection within bounds: a request that has begun must end in time, and header fields that are too
/// large get their own answer, 431, instead of a closed connection without a word.
final class HTTPLimitsHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let requestTimeoutSeconds: Int
    private let logger: Logger
    private var deadline: Scheduled<Void>?
    private var peerAddress = "unknown"

    init(requestTimeoutSeconds: Int, logger: Logger) {
        self.requestTimeoutSeconds = requestTimeoutSeconds
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        peerAddress = context.remoteAddress?.hostAndPort ?? peerAddress
        arm(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: arm(context)
        case .body: break
        case .end: disarm()
        }
        context.fireChannelRead(data)
    }

    /// From the first byte of a connection, and from the head of every later request. Between requests a connection may
    /// idle as long as the server's idle time-out says.
    private func arm(_ context: ChannelHandlerContext) {
        disarm()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(requestTimeoutSeconds))) {
            let (this, context) = bound.value
            this.refuse("httpRequestTimeout", "no whole request within \(this.requestTimeoutSeconds) s")
            context.close(promise: nil)
        }
    }

    private func refuse(_ reason: String, _ detail: String) {
        logger.notice(
            "http connection closed",
            metadata: ["reason": "\(reason)", "detail": "\(detail)", "address": "\(peerAddress)"])
    }

    private func disarm() {
        deadline?.cancel()
        deadline = nil
    }

    func handlerRemoved(context: ChannelHandlerContext) { disarm() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, error == .headerOverflow else {
            return context.fireErrorCaught(error)
        }
        refuse("httpHeaderTooLarge", "the header fields exceed http.headerBytes")
        let head = HTTPResponse(
            status: .requestHeaderFieldsTooLarge, headerFields: [.connection: "close", .contentLength: "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}
