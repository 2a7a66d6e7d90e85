import Logging
import MartletBase
import NIOCore
import NIOSSL
import NIOTLS

/// Stands at the end of a TLS pipeline until the handshake is done, then says what was agreed and leaves. A handshake
/// that does not come to an end in time is closed.
final class TLSHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What a handshake agreed on.
    struct Outcome {
        let identified: IdentifiedCertificate?
        let serverName: String?
        let applicationProtocol: ApplicationProtocol?
    }

    private let needsCertificate: Bool
    private let timeoutSeconds: Int
    /// As the socket or the proxy before it said.
    private let peer: PeerAddress
    private let logger: Logger
    private let onFailure: @Sendable (String) -> Void
    private let onSuccess: (ChannelHandlerContext, Outcome) -> Void
    private var deadline: Scheduled<Void>?
    private var isDone = false
    /// What came right behind the handshake, while its certificate was still being looked up.
    private var held: [ByteBuffer] = []
    /// Set when the ClientHello has been read.
    var handshake: TLSHandshake?

    init(
        needsCertificate: Bool, timeoutSeconds: Int, peer: PeerAddress, logger: Logger,
        onFailure: @escaping @Sendable (String) -> Void, onSuccess: @escaping (ChannelHandlerContext, Outcome) -> Void
    ) {
        self.needsCertificate = needsCertificate
        self.timeoutSeconds = timeoutSeconds
        self.peer = peer
        self.logger = logger
        self.onFailure = onFailure
        self.onSuccess = onSuccess
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let seconds = timeoutSeconds
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
            let (this, context) = bound.value
            this.fail(context, "HANDSHAKE_TIMEOUT", "no whole handshake within \(seconds) s")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { held.append(unwrapInboundIn(data)) }

    /// Whoever follows gets what was held.
    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        for bytes in held { context.fireChannelRead(wrapInboundOut(bytes)) }
        if !held.isEmpty { context.fireChannelReadComplete() }
        held = []
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name)? = event as? TLSUserEvent {
            completed(context, name.flatMap(ApplicationProtocol.init))
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func completed(_ context: ChannelHandlerContext, _ name: ApplicationProtocol?) {
        guard !isDone, let handshake else { return }
        if handshake.identified != nil { return succeed(context, name) }
        // A resumed session skips verification: its certificate is looked up all the same.
        let leaf = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self).peerCertificate
        guard let leaf else {
            return needsCertificate || name?.needsCertificate == true
                ? fail(context, CertificateRefusal.absent) : succeed(context, name)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        handshake.identify(leaf).whenComplete { result in
            let (this, context) = bound.value
            switch result {
            case .success: this.succeed(context, name)
            case .failure(let error): this.fail(context, error)
            }
        }
    }

    private func succeed(_ context: ChannelHandlerContext, _ name: ApplicationProtocol?) {
        guard !isDone, let handshake else { return }
        isDone = true
        deadline?.cancel()
        onSuccess(
            context,
            Outcome(
                identified: handshake.identified, serverName: handshake.serverName, applicationProtocol: name))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, handshake?.refusal ?? error) }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone { fail(context, "CONNECTION_LOST", "closed before the handshake was done") }
        context.fireChannelInactive()
    }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        if let refusal = error as? CertificateRefusal {
            fail(context, refusal.code, refusal.description)
        } else {
            fail(context, "HANDSHAKE_FAILED", networkWords(error))
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ code: String, _ detail: String) {
        guard !isDone else { return }
        isDone = true
        onFailure(code)
        logger.notice(
            "tls handshake refused",
            metadata: [
                "reason": "\(code)", "detail": "\(detail)",
                "address": "\(peer)",
            ])
        context.close(promise: nil)
    }
}
