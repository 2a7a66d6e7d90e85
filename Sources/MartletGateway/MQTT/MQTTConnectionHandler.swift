import MQTTCodec
import MartletBroker
import NIOCore

/// One MQTT connection between NIO and the broker: finds frames in what was read, where they lie, and hands them to the
/// loop's shard. The only handler of a plain connection; behind TLS the only one that sees plaintext.
final class MQTTConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let shard: BrokerShard
    private let account: AccountContext
    private let peer: PeerIdentity
    private let readBuffer: LoopReadBuffer?
    private let webSocketCloseIsDisconnect: Bool

    private var context: ChannelHandlerContext?
    private var connection: ClientConnection?
    /// What was read and not yet handled: the beginning of a frame, or packets that wait for CONNECT's answer.
    private var unread: ByteBuffer?
    /// The loop's read buffer, between a read and its end.
    private var lent: ByteBuffer?
    private var isParsing = false
    private var isReadPending = false
    private var isResumeScheduled = false
    /// The client's WebSocket Close waits for packets that came before it.
    private var isCloseWaiting = false

    /// - Parameters:
    ///   - readBuffer: where reads come from, so that it can be given back; nil behind TLS and WebSocket.
    ///   - webSocketCloseIsDisconnect: what the client's Close frame means when no DISCONNECT came before it.
    init(
        shard: BrokerShard, account: AccountContext, peer: PeerIdentity, readBuffer: LoopReadBuffer?,
        webSocketCloseIsDisconnect: Bool = false
    ) {
        self.shard = shard
        self.account = account
        self.peer = peer
        self.readBuffer = readBuffer
        self.webSocketCloseIsDisconnect = webSocketCloseIsDisconnect
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { attach(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        attach(context)
        context.fireChannelActive()
    }

    private func attach(_ context: ChannelHandlerContext) {
        guard connection == nil else { return }
        connection = shard.attach(self, account: account, peer: peer)
        // No room for one more: there is no CONNECT to answer yet, so the socket just closes.
        if connection == nil { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let connection, let violation = error as? WebSocketViolation {
            // The broker says why and closes.
            return shard.transportViolated(connection, detail: violation.description)
        }
        end(networkWords(error))
        context.close(promise: nil)
    }

    private func end(_ error: String?) {
        guard let connection else { return }
        self.connection = nil
        shard.transportClosed(connection, error: error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is WebSocketClosedByClient else { return context.fireUserInboundEventTriggered(event) }
        webSocketClosed(context)
    }

    /// Packets that were read before the Close frame and wait for the broker are handled first.
    private func webSocketClosed(_ context: ChannelHandlerContext) {
        if let connection, unread != nil, !shard.mayRead(connection) {
            isCloseWaiting = true
            return
        }
        if let connection, webSocketCloseIsDisconnect {
            shard.clientClosedTransport(connection)
        } else {
            end("WebSocket was closed without DISCONNECT")
        }
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }
}

// MARK: Reading

extension MQTTConnectionHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if unread == nil {
            parse(&bytes)
            if bytes.readableBytes > 0, connection?.isClosed == false {
                // The rest is copied, so that the loop's buffer is free for others.
                unread = ByteBuffer(bytes: bytes.readableBytesView)
            }
        } else {
            unread?.writeBuffer(&bytes)
            parseUnread()
        }
        lent = readBuffer == nil ? nil : bytes
    }

    /// NIO has let go of the buffer by now, so it can be used again without a copy.
    func channelReadComplete(context: ChannelHandlerContext) {
        if let bytes = lent {
            lent = nil
            readBuffer?.giveBack(bytes)
        }
        context.fireChannelReadComplete()
    }

    private func parseUnread() {
        guard var rest = unread else { return }
        unread = nil
        parse(&rest)
        guard rest.readableBytes > 0, connection?.isClosed == false else { return }
        rest.discardReadBytes()
        unread = rest
    }

    /// Handles every whole frame that the connection may handle now. The account's subscriptions are locked for reading
    /// once for all of them.
    private func parse(_ buffer: inout ByteBuffer) {
        guard let connection else { return }
        isParsing = true
        shard.beginReading(connection)
        let consumed = buffer.withUnsafeReadableBytes { bytes in
            var offset = 0
            while offset < bytes.count, shard.mayRead(connection) {
                let length = handleFrame(UnsafeRawBufferPointer(rebasing: bytes[offset...]), connection)
                if length == 0 { break }
                offset += length
            }
            return offset
        }
        shard.endReading(connection)
        isParsing = false
        buffer.moveReaderIndex(forwardBy: consumed)
    }

    /// Returns the bytes of the frame; 0 when it is not whole or not acceptable.
    private func handleFrame(_ bytes: UnsafeRawBufferPointer, _ connection: ClientConnection) -> Int {
        do throws(MalformedPacket) {
            guard
                let header = try FixedHeader.parse(
                    bytes, version: connection.protocolVersion,
                    maximumFrameLength: shard.packetLimit(of: connection))
            else { return 0 }
            guard header.frameLength <= bytes.count else { return 0 }
            shard.receive(UnsafeRawBufferPointer(rebasing: bytes[..<header.frameLength]), header: header, from: connection)
            return header.frameLength
        } catch {
            // Only WebSocket's Close frame has a word for it.
            context?.triggerUserOutboundEvent(WebSocketCloseCode.protocolError, promise: nil)
            shard.receivedMalformed(error, from: connection)
            return 0
        }
    }

    /// Reads pause while the broker takes no packets of this client: what has been read waits, and no more comes.
    func read(context: ChannelHandlerContext) {
        if let connection, !connection.isClosed, !shard.mayRead(connection) {
            isReadPending = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if let connection { shard.writabilityChanged(connection) }
        context.fireChannelWritabilityChanged()
    }
}

// MARK: Writing

extension MQTTConnectionHandler: ConnectionTransport {
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }

    func flush() { context?.flush() }

    func closeAfterFlush(lingers: Bool) {
        connection = nil
        unread = nil
        guard let context else { return }
        // From here the broker has forgotten the connection, whatever the socket still does.
        lingers ? linger(context) : context.close(promise: nil)
    }

    /// Closing a socket with unread input makes the kernel drop what the client has not read yet, the reason for the
    /// close among it. So the way out is closed first, input is swallowed, and the rest follows when the client closes
    /// too or its time is over.
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lingerTime) { bound.value.close(promise: nil) }
    }

    private static let lingerTime = TimeAmount.seconds(1)

    func resumeReading() {
        guard !isParsing, !isResumeScheduled, let context else { return }
        isResumeScheduled = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.resume() }
    }

    private func resume() {
        isResumeScheduled = false
        parseUnread()
        if isCloseWaiting, let context { webSocketClosed(context) }
        guard isReadPending, let connection, shard.mayRead(connection) else { return }
        isReadPending = false
        context?.read()
    }
}
