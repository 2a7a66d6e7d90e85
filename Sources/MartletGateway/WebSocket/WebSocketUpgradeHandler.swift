import Logging
import MartletBase
import NIOCore
import NIOHTTP1

/// Answers the request for `/mqtt`: 101, and then the pipeline is WebSocket's, or a refusal and the end.
final class WebSocketUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    struct Settings: Sendable {
        var headerBytes: Int
        var timeoutSeconds: Int
        var hasCertificate: Bool
        var allowsAnonymous: Bool
        var peer: PeerAddress
        var random: any RandomSource
        var logger: Logger
    }

    private let settings: Settings
    private let encoder = HTTPResponseEncoder()
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    /// Puts the handlers of the upgraded connection at the end of the pipeline.
    private let onUpgrade: (any Channel) throws -> Void
    private var upgrade: WebSocketUpgrade?
    private var isDecided = false
    private var isUpgraded = false
    private var deadline: Scheduled<Void>?

    /// The URI is bounded by what the decoder may hold back, and what follows the request has room for one read.
    private static let readBytes = 64 << 10

    private init(_ settings: Settings, onUpgrade: @escaping (any Channel) throws -> Void) {
        self.settings = settings
        self.onUpgrade = onUpgrade
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = settings.headerBytes
        limits.maxHeaderListSize = settings.headerBytes
        decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
            maximumBufferSize: settings.headerBytes + Self.readBytes)
    }

    static func install(
        on channel: any Channel, _ settings: Settings, onUpgrade: @escaping (any Channel) throws -> Void
    ) throws {
        let handler = WebSocketUpgradeHandler(settings, onUpgrade: onUpgrade)
        try channel.pipeline.syncOperations.addHandlers([handler.encoder, handler.decoder, handler])
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(settings.timeoutSeconds))) {
            let (this, context) = bound.value
            this.settings.logger.notice(
                "http connection closed",
                metadata: [
                    "reason": "httpRequestTimeout",
                    "detail": "no whole request within \(this.settings.timeoutSeconds) s",
                    "address": "\(this.settings.peer)",
                ])
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Once upgraded, what comes is the decoder's rest: the client's first frames.
        if isUpgraded { return context.fireChannelRead(data) }
        switch unwrapInboundIn(data) {
        case .head(let head) where !isDecided: decide(context, head)
        case .end: if let upgrade { switchOver(context, upgrade) }
        case .head, .body: break
        }
    }

    private func decide(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        do throws(WebSocketRefusal) {
            let upgrade = try WebSocketUpgrade(head)
            try WebSocketCredentials(head).check(
                hasCertificate: settings.hasCertificate, allowsAnonymous: settings.allowsAnonymous)
            isDecided = true
            self.upgrade = upgrade
        } catch {
            refuse(context, error)
        }
    }

    private func switchOver(_ context: ChannelHandlerContext, _ upgrade: WebSocketUpgrade) {
        self.upgrade = nil
        isUpgraded = true
        deadline?.cancel()
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: upgrade.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let operations = context.pipeline.syncOperations
        operations.removeHandler(encoder, promise: nil)
        do {
            try onUpgrade(context.channel)
        } catch {
            return context.close(promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        operations.removeHandler(decoder).whenComplete { _ in
            bound.value.pipeline.syncOperations.removeHandler(context: bound.value, promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isUpgraded else { return context.fireErrorCaught(error) }
        let isTooLarge = error as? HTTPParserError == .headerOverflow || error is ByteToMessageDecoderError.PayloadTooLargeError
        if isTooLarge {
            refuse(context, .headersTooLarge(limit: settings.headerBytes))
        } else if let fault = error as? HTTPParserError {
            refuse(context, .malformed("\(fault)"))
        } else {
            context.close(promise: nil)
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ refusal: WebSocketRefusal) {
        guard !isDecided else { return }
        isDecided = true
        deadline?.cancel()
        let traceID = settings.random.uuid()
        log(refusal, traceID)
        let body = ByteBuffer(string: JSONWriter.text(["message": .string(refusal.message), "traceId": .string(traceID)]))
        var headers = refusal.headers
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "content-length", value: String(body.readableBytes))
        headers.add(name: "connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
    }

    private func log(_ refusal: WebSocketRefusal, _ traceID: String) {
        var metadata: Logger.Metadata = [
            "reason": "\(refusal.code)", "status": "\(refusal.status.code)", "traceId": "\(traceID)",
            "address": "\(settings.peer)",
        ]
        for fact in refusal.evidence { metadata[fact.name] = "\(fact.value)" }
        settings.logger.notice("websocket refused", metadata: metadata)
    }

    /// The way out is closed, and the rest follows when the client has had time to read the answer.
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.close(promise: nil) }
    }
}
