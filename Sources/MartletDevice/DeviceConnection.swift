internal import MQTTCodec
internal import NIOCore

/// A connection for the time of `Device.withConnection`. Cancelling a task that waits in one of its functions ends the
/// connection, because what the server has done is unknown then.
public final class DeviceConnection: Sendable {
    /// The client identifier in use; a version 5 server may have chosen it.
    public let clientID: String
    /// What the server delivers, in order, for one reader. It ends when this side disconnects, and throws
    /// `DeviceError` when the connection ends otherwise.
    public let messages: AsyncThrowingStream<DeviceMessage, any Error>

    private let channel: any Channel
    private let handler: NIOLoopBound<DeviceHandler>

    init(
        _ limits: ServerLimits, channel: any Channel, handler: NIOLoopBound<DeviceHandler>,
        messages: AsyncThrowingStream<DeviceMessage, any Error>
    ) {
        self.clientID = limits.clientID
        self.channel = channel
        self.handler = handler
        self.messages = messages
    }

    /// Subscribes and waits for SUBACK.
    /// - Returns: the QoS that the server grants, which may be less than asked.
    public func subscribe(_ filter: String, qos: QoS = .atLeastOnce) async throws(DeviceError) -> QoS {
        let code = try await request { $0.subscribe(filter: filter, qos: qos, $1) }
        return QoS(rawValue: code.rawValue) ?? .atMostOnce
    }

    /// Publishes. At QoS 1 it returns when PUBACK is there; at QoS 0 when the message has left this side.
    public func publish(
        _ topic: String, _ payload: some Sequence<UInt8>, qos: QoS = .atLeastOnce, retain: Bool = false
    ) async throws(DeviceError) {
        let payload = ByteBuffer(bytes: payload)
        _ = try await request { $0.publish(topic: topic, payload: payload, qos: qos, retain: retain, $1) }
    }

    /// As above, with text.
    public func publish(
        _ topic: String, _ text: String, qos: QoS = .atLeastOnce, retain: Bool = false
    ) async throws(DeviceError) {
        try await publish(topic, text.utf8, qos: qos, retain: retain)
    }

    /// Says DISCONNECT, closes the socket and waits until it is closed. Doing it again changes nothing.
    public func disconnect() async {
        let handler = handler
        channel.eventLoop.execute { handler.value.disconnect() }
        try? await channel.closeFuture.get()
    }

    private func request(
        _ send: @escaping @Sendable (DeviceHandler, EventLoopPromise<ReasonCode>) -> Void
    ) async throws(DeviceError) -> ReasonCode {
        let promise = channel.eventLoop.makePromise(of: ReasonCode.self)
        let handler = handler
        channel.eventLoop.execute { send(handler.value, promise) }
        return try await Device.outcome(of: promise.futureResult, closing: channel)
    }
}
