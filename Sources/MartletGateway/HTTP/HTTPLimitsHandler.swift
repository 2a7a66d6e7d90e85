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
    private let peer: PeerAddress
    private let logger: Logger
    private var deadline: Scheduled<Void>?
    private var isLastAnswer = false

    init(requestTimeoutSeconds: Int, peer: PeerAddress, logger: Logger) {
        self.requestTimeoutSeconds = requestTimeoutSeconds
        self.peer = peer
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(context, "no whole request") }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            if case .head(let head) = unwrapOutboundIn(data) { isLastAnswer = head.headerFields[.connection] == "close" }
            return context.write(data, promise: promise)
        }
        context.write(data, promise: promise)
        if isLastAnswer { linger(context) } else { arm(context, "no further request", isIdle: true) }
    }

    /// The answer said that it is the last: the way out is closed behind it, and what the client still sends is not
    /// waited for longer than it takes to read the answer.
    private func linger(_ context: ChannelHandlerContext) {
        disarm()
        context.flush()
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: arm(context, "no whole request")
        case .body: break
        case .end: disarm()
        }
        context.fireChannelRead(data)
    }

    /// Each step of a connection has the same time: its first request, the rest of a request that has begun, and the
    /// next one after an answer.
    private func arm(_ context: ChannelHandlerContext, _ missing: String, isIdle: Bool = false) {
        disarm()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(requestTimeoutSeconds))) {
            let (this, context) = bound.value
            this.refuse(
                "httpRequestTimeout", "\(missing) within \(this.requestTimeoutSeconds) s", isIdle ? .debug : .notice)
            context.close(promise: nil)
        }
    }

    private func refuse(_ reason: String, _ detail: String, _ level: Logger.Level = .notice) {
        logger.log(
            level: level, "http connection closed",
            metadata: ["reason": "\(reason)", "detail": "\(detail)", "address": "\(peer)"])
    }

    private func disarm() {
        deadline?.cancel()
        deadline = nil
    }

    func handlerRemoved(context: ChannelHandlerContext) { disarm() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard fault == .headerOverflow else {
            refuse("httpMalformed", "\(fault)")
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
