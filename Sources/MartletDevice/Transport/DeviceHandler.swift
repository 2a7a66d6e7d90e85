internal import MartletBase
internal import MQTTCodec
internal import NIOCore

/// Performs what `SessionState` decides: writes, timers, promises, the stream of messages.
final class DeviceHandler: ChannelInboundHandler {
    typealias InboundIn = Packet
    typealias OutboundOut = ByteBuffer

    private struct Waiting {
        var promise: EventLoopPromise<ReasonCode>
        var timeout: Scheduled<Void>
    }

    private let configuration: DeviceConfiguration
    private let connected: EventLoopPromise<ServerLimits>
    private let messages: AsyncThrowingStream<DeviceMessage, any Error>.Continuation
    private var state: SessionState
    private var context: ChannelHandlerContext?
    private var waiting: [UInt16: Waiting] = [:]
    private var connectTimeout: Scheduled<Void>?
    private var keepAlive: Scheduled<Void>?
    private var pingTimeout: Scheduled<Void>?
    private var keepAliveSeconds: Int64 = 0
    private var lastWrite = NIODeadline.uptimeNanoseconds(0)

    init(
        _ configuration: DeviceConfiguration, connected: EventLoopPromise<ServerLimits>,
        messages: AsyncThrowingStream<DeviceMessage, any Error>.Continuation
    ) {
        self.configuration = configuration
        self.connected = connected
        self.messages = messages
        self.state = SessionState(configuration)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(state.transportEnded("the socket was closed"))
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(state.transportEnded("the server closed it without saying why"))
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { perform(state.received(unwrapInboundIn(data))) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let fault = error as? MalformedPacket {
            perform(state.malformed(fault))
        } else {
            perform(state.transportEnded(TransportProblem.text(error), isTLS: TransportProblem.isTLS(error)))
        }
    }

    func subscribe(filter: String, qos: QoS, _ promise: EventLoopPromise<ReasonCode>) {
        do throws(DeviceError) {
            let (packetID, packet) = try state.subscribe(filter: filter, qos: qos)
            expectAnswer(packetID, promise)
            perform([.send(packet)])
        } catch {
            promise.fail(error)
        }
    }

    func publish(
        topic: String, payload: ByteBuffer, qos: QoS, retain: Bool, _ promise: EventLoopPromise<ReasonCode>
    ) {
        do throws(DeviceError) {
            let (packetID, packet) = try state.publish(topic: topic, payload: payload, qos: qos, retain: retain)
            if let packetID {
                expectAnswer(packetID, promise)
                perform([.send(packet)])
            } else {
                send(packet).assumeIsolated().whenComplete { result in
                    switch result {
                    case .success: promise.succeed(.success)
                    case .failure(let error):
                        promise.fail(DeviceError.closed(waitingFor: .session, problem: TransportProblem.text(error)))
                    }
                }
            }
        } catch {
            promise.fail(error)
        }
    }

    func disconnect() { perform(state.disconnect()) }

    private func start(_ context: ChannelHandlerContext) {
        guard connectTimeout == nil else { return }
        connectTimeout = schedule(seconds: Int64(configuration.connectTimeoutSeconds)) { handler in
            handler.perform(handler.state.connectTimedOut())
        }
        send(.connect(state.connect)).assumeIsolated().whenSuccess { self.state.sentConnect() }
    }

    private func perform(_ actions: [SessionState.Action]) {
        for action in actions {
            switch action {
            case .send(let packet): _ = send(packet)
            case .connected(let limits): connectionAcknowledged(limits)
            case .succeed(let packetID, let code): answered(packetID)?.succeed(code)
            case .fail(let packetID, let error): answered(packetID)?.fail(error)
            case .deliver(let message, let acknowledge): deliver(message, acknowledge)
            case .pingAnswered: stop(&pingTimeout)
            case .close(let error, let goodbye): close(error, goodbye)
            }
        }
    }

    @discardableResult private func send(_ packet: Packet) -> EventLoopFuture<Void> {
        guard let context else { return connected.futureResult.eventLoop.makeFailedFuture(DeviceError.disconnected) }
        var buffer = context.channel.allocator.buffer(capacity: 64)
        do throws(PacketEncodingError) {
            try packet.encode(into: &buffer, version: configuration.version.codec)
        } catch {
            return context.eventLoop.makeFailedFuture(
                DeviceError.invalid(argument: "\(packet.type)", problem: error.description))
        }
        lastWrite = context.eventLoop.now
        return context.writeAndFlush(wrapOutboundOut(buffer))
    }

    private func expectAnswer(_ packetID: UInt16, _ promise: EventLoopPromise<ReasonCode>) {
        let timeout = schedule(seconds: Int64(configuration.answerTimeoutSeconds)) { handler in
            handler.perform(handler.state.answerTimedOut(packetID))
        }
        guard let timeout else { return promise.fail(DeviceError.disconnected) }
        waiting[packetID] = Waiting(promise: promise, timeout: timeout)
    }

    private func answered(_ packetID: UInt16) -> EventLoopPromise<ReasonCode>? {
        guard let waiting = waiting.removeValue(forKey: packetID) else { return nil }
        waiting.timeout.cancel()
        return waiting.promise
    }

    private func connectionAcknowledged(_ limits: ServerLimits) {
        stop(&connectTimeout)
        keepAliveSeconds = Int64(limits.keepAliveSeconds)
        scheduleKeepAlive()
        connected.succeed(limits)
    }

    /// At three quarters of the interval, so that the PINGREQ arrives before its end.
    private func scheduleKeepAlive() {
        guard keepAliveSeconds > 0, let context else { return }
        let due = lastWrite + .milliseconds(keepAliveSeconds * 750)
        keepAlive = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            if context.eventLoop.now >= self.lastWrite + .milliseconds(self.keepAliveSeconds * 750) { self.ping() }
            self.scheduleKeepAlive()
        }
    }

    private func ping() {
        send(.pingReq(PingReq()))
        guard pingTimeout == nil else { return }
        pingTimeout = schedule(seconds: Int64(configuration.answerTimeoutSeconds)) { handler in
            handler.perform(handler.state.pingTimedOut())
        }
    }

    private func deliver(_ message: DeviceMessage, _ acknowledge: UInt16?) {
        switch messages.yield(message) {
        case .enqueued:
            if let acknowledge { send(.pubAck(PubAck(packetID: acknowledge))) }
        case .dropped: perform(state.unreadMessagesOverflowed())
        case .terminated: break
        @unknown default: break
        }
    }

    private func close(_ error: DeviceError?, _ goodbye: Packet?) {
        stop(&connectTimeout)
        stop(&keepAlive)
        stop(&pingTimeout)
        connected.fail(error ?? .disconnected)
        messages.finish(throwing: error)
        guard let context else { return }
        guard let goodbye else { return context.close(promise: nil) }
        let giveUp = schedule(seconds: Int64(configuration.answerTimeoutSeconds)) { $0.context?.close(promise: nil) }
        send(goodbye).assumeIsolated().whenComplete { _ in
            giveUp?.cancel()
            self.context?.close(promise: nil)
        }
    }

    private func schedule(seconds: Int64, _ body: @escaping (DeviceHandler) -> Void) -> Scheduled<Void>? {
        context?.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) { body(self) }
    }

    private func stop(_ timer: inout Scheduled<Void>?) {
        timer?.cancel()
        timer = nil
    }
}
