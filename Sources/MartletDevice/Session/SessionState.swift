internal import MartletBase
internal import MQTTCodec
internal import NIOCore

/// One connection as a value: events come in, actions come out, and nothing is touched.
///
///     securing --sent CONNECT--> awaitingConnAck --CONNACK 0--> connected --> closed
///
/// Every phase ends in `closed` by an error, a time-out or the end of the transport. An answer that does not come in
/// time ends the connection: what the server has done is unknown then, and its packet identifier cannot be reused.
struct SessionState {
    enum Action {
        case send(Packet)
        case connected(ServerLimits)
        case succeed(UInt16, ReasonCode)
        case fail(UInt16, DeviceError)
        /// The PUBACK goes out when the message has been handed over.
        case deliver(DeviceMessage, acknowledge: UInt16?)
        case pingAnswered
        /// Nil when this side disconnects as it should.
        case close(DeviceError?, saying: Packet?)
    }

    private enum Phase {
        case securing
        case awaitingConnAck
        case connected(ServerLimits)
        case closed
    }

    private enum Operation {
        case subscribe(filter: String)
        case publish(topic: String)

        var step: DeviceError.Step {
            switch self {
            case .subscribe: .subAck
            case .publish: .pubAck
            }
        }
    }

    private let configuration: DeviceConfiguration
    private var phase = Phase.securing
    private var operations: [UInt16: Operation] = [:]
    private var lastPacketID: UInt16 = 0

    init(_ configuration: DeviceConfiguration) { self.configuration = configuration }

    /// The device keeps nothing between connections, so it starts clean.
    var connect: Connect {
        var properties = Properties()
        if configuration.version == .v5 {
            properties.maximumPacketSizeBytes = UInt32(clamping: max(1, configuration.maximumPacketBytes))
            properties.receiveMaximum = UInt16(clamping: max(1, configuration.maximumUnreadMessages))
        }
        return Connect(
            version: configuration.version.codec, clientID: MQTTString(configuration.clientID),
            keepAliveSeconds: configuration.keepAliveSeconds, properties: properties)
    }

    /// CONNECT has left this side, so the transport is up and secure.
    mutating func sentConnect() {
        if case .securing = phase { phase = .awaitingConnAck }
    }

    mutating func subscribe(filter: String, qos: QoS) throws(DeviceError) -> (packetID: UInt16, Packet) {
        _ = try limits()
        do {
            _ = try TopicFilter(MQTTString(filter))
        } catch {
            throw .invalid(argument: "topic filter '\(filter)'", problem: error.code)
        }
        let packetID = try admit(.subscribe(filter: filter))
        let subscription = Subscription(MQTTString(filter), qos: qos.codec)
        return (packetID, .subscribe(Subscribe(packetID: packetID, subscriptions: [subscription])))
    }

    /// The packet identifier is nil at QoS 0, which has no answer.
    mutating func publish(
        topic: String, payload: ByteBuffer, qos: QoS, retain: Bool
    ) throws(DeviceError) -> (packetID: UInt16?, Packet) {
        let limits = try limits()
        try check(topic: topic, payloadBytes: payload.readableBytes, qos: qos, retain: retain, limits)
        var packet = Publish(topic: MQTTString(topic), payload: payload, qos: qos.codec, retain: retain)
        guard qos == .atLeastOnce else { return (nil, .publish(packet)) }
        packet.packetID = try admit(.publish(topic: topic))
        return (packet.packetID, .publish(packet))
    }

    mutating func received(_ packet: Packet) -> [Action] {
        switch (phase, packet) {
        case (.securing, .connAck(let packet)), (.awaitingConnAck, .connAck(let packet)): return answered(packet)
        case (.connected, .publish(let packet)): return deliver(packet)
        case (.connected, .pubAck(let packet)): return answered(packet)
        case (.connected, .subAck(let packet)): return answered(packet)
        case (.connected, .pingResp): return [.pingAnswered]
        case (.connected, .disconnect(let packet)):
            return close(.disconnectedByServer(Refusal(packet.reasonCode, packet.properties)))
        case (.closed, _): return []
        default: return violation("\(packet.type) is not expected here")
        }
    }

    mutating func connectTimedOut() -> [Action] {
        switch phase {
        case .securing:
            let step = configuration.tls == nil ? DeviceError.Step.connAck : .tls
            return close(.timeout(step, seconds: configuration.connectTimeoutSeconds))
        case .awaitingConnAck: return close(.timeout(.connAck, seconds: configuration.connectTimeoutSeconds))
        case .connected, .closed: return []
        }
    }

    mutating func answerTimedOut(_ packetID: UInt16) -> [Action] {
        guard let operation = operations[packetID] else { return [] }
        return close(.timeout(operation.step, seconds: configuration.answerTimeoutSeconds))
    }

    mutating func pingTimedOut() -> [Action] {
        close(.timeout(.pingResp, seconds: configuration.answerTimeoutSeconds))
    }

    mutating func unreadMessagesOverflowed() -> [Action] {
        close(.tooManyUnreadMessages(limit: configuration.maximumUnreadMessages))
    }

    mutating func malformed(_ fault: MalformedPacket) -> [Action] { violation(fault.description) }

    /// The transport failed or ended. `isTLS` says that TLS itself reported it.
    mutating func transportEnded(_ problem: String, isTLS: Bool = false) -> [Action] {
        switch phase {
        case .securing where configuration.tls != nil: close(.tls(problem: problem))
        case .securing, .awaitingConnAck:
            close(isTLS ? .tls(problem: problem) : .closed(waitingFor: .connAck, problem: problem))
        case .connected: close(.closed(waitingFor: waitingFor, problem: problem))
        case .closed: []
        }
    }

    mutating func disconnect() -> [Action] {
        switch phase {
        case .connected: return end(.disconnected, reported: nil, saying: .disconnect(Disconnect()))
        case .securing, .awaitingConnAck: return close(.disconnected)
        case .closed: return []
        }
    }

    private mutating func answered(_ packet: ConnAck) -> [Action] {
        guard packet.reasonCode == .success else {
            let refusal = Refusal(packet.reasonCode, packet.properties)
            return close(.connectRefused(clientID: configuration.clientID, refusal))
        }
        let limits = ServerLimits(packet, asked: configuration)
        phase = .connected(limits)
        return [.connected(limits)]
    }

    private mutating func answered(_ packet: PubAck) -> [Action] {
        guard case .publish(let topic)? = operations[packet.packetID] else {
            return violation("PUBACK for packet \(packet.packetID), which was not sent")
        }
        operations[packet.packetID] = nil
        guard packet.reasonCode.isError else { return [.succeed(packet.packetID, packet.reasonCode)] }
        let refusal = Refusal(packet.reasonCode, packet.properties)
        return [.fail(packet.packetID, .publishRefused(topic: topic, refusal))]
    }

    private mutating func answered(_ packet: SubAck) -> [Action] {
        guard case .subscribe(let filter)? = operations[packet.packetID] else {
            return violation("SUBACK for packet \(packet.packetID), which was not sent")
        }
        guard packet.reasonCodes.count == 1, let code = packet.reasonCodes.first else {
            return violation("SUBACK with \(packet.reasonCodes.count) codes for one filter")
        }
        operations[packet.packetID] = nil
        guard code.isError else { return [.succeed(packet.packetID, code)] }
        let refusal = Refusal(code, packet.properties)
        return [.fail(packet.packetID, .subscribeRefused(filter: filter, refusal))]
    }

    private mutating func deliver(_ packet: Publish) -> [Action] {
        guard let qos = QoS(packet.qos) else { return violation("QoS 2, which no subscription asked for") }
        guard packet.properties.topicAlias == nil else { return violation("a topic alias, which was not offered") }
        let message = DeviceMessage(
            topic: packet.topic.string, payload: Array(packet.payload.readableBytesView), qos: qos,
            retain: packet.retain)
        return [.deliver(message, acknowledge: qos == .atLeastOnce ? packet.packetID : nil)]
    }

    private func limits() throws(DeviceError) -> ServerLimits {
        guard case .connected(let limits) = phase else { throw .disconnected }
        return limits
    }

    private func check(
        topic: String, payloadBytes: Int, qos: QoS, retain: Bool, _ limits: ServerLimits
    ) throws(DeviceError) {
        let bytes = Array(topic.utf8)
        let fault = bytes.withUnsafeBytes { bytes -> MalformedPacket? in
            do throws(MalformedPacket) {
                try TopicName.validate(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw .invalid(argument: "topic '\(topic)'", problem: fault.code) }
        guard qos.codec <= limits.maximumQoS else {
            throw .beyondServerLimit(
                name: "QoS", value: Int(qos.rawValue), limit: Int(limits.maximumQoS.rawValue))
        }
        guard !retain || limits.retainAvailable else {
            throw .beyondServerLimit(name: "RETAIN", value: 1, limit: 0)
        }
        let length = PublishEncoder.encodedLength(
            topicLength: bytes.count, propertiesLength: 0, payloadLength: payloadBytes, qos: qos.codec,
            version: configuration.version.codec)
        let limit = min(limits.maximumPacketBytes, FixedHeaderLimit.maximumFrameBytes)
        guard let length, length <= limit else {
            throw .beyondServerLimit(name: "packet bytes", value: length ?? payloadBytes, limit: limit)
        }
    }

    private mutating func admit(_ operation: Operation) throws(DeviceError) -> UInt16 {
        let limit = min(configuration.maximumUnanswered, try limits().receiveMaximum)
        guard operations.count < limit else { throw .tooManyUnanswered(limit: limit) }
        repeat {
            lastPacketID = lastPacketID == .max ? 1 : lastPacketID + 1
        } while operations[lastPacketID] != nil
        operations[lastPacketID] = operation
        return lastPacketID
    }

    private var waitingFor: DeviceError.Step {
        operations.min { $0.key < $1.key }?.value.step ?? .session
    }

    private mutating func violation(_ problem: String) -> [Action] {
        guard case .closed = phase else {
            let goodbye = Packet.disconnect(Disconnect(reasonCode: .protocolError))
            return end(
                .protocolViolation(problem: problem), reported: .protocolViolation(problem: problem),
                saying: configuration.version == .v5 ? goodbye : nil)
        }
        return []
    }

    private mutating func close(_ error: DeviceError) -> [Action] { end(error, reported: error, saying: nil) }

    private mutating func end(_ error: DeviceError, reported: DeviceError?, saying goodbye: Packet?) -> [Action] {
        if case .closed = phase { return [] }
        phase = .closed
        let waiting = operations.keys.sorted()
        operations = [:]
        return waiting.map { .fail($0, error) } + [.close(reported, saying: goodbye)]
    }
}

/// The longest frame that MQTT can express (MQTT 5.0 section 2.1.4).
enum FixedHeaderLimit {
    static let maximumFrameBytes = 5 + VariableByteInteger.maximum
}
