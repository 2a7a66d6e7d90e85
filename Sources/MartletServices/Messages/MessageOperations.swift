internal import AWSModel
internal import IoTPolicy
internal import MartletBase
internal import MartletBroker
internal import NIOCore

/// Publish of iot-data: a message from a caller without a connection (mqtt-broker.md section 4).
struct MessageOperations: Sendable {
    let broker: any DataPlaneBroker
    let authorization: DataPlaneAuthorization

    /// Returns when the message is handed over; at QoS 1 when it is on disk wherever it has to be.
    func publish(_ input: IoTData.Publish.Input, _ call: CallContext) async throws -> RawResponse {
        let message = InsideMessage(
            topic: input.topic, payload: ByteBuffer(bytes: input.payload ?? []), qos: UInt8(clamping: input.qos ?? 0),
            retain: input.retain ?? false, properties: try MessageProperties(input))
        do throws(PublishRefusal) {
            try broker.check(message)
        } catch {
            throw ServiceFailure(error)
        }
        try await authorization.check(.publish, on: input.topic, call)
        if message.retain { try await authorization.check(.retainPublish, on: input.topic, call) }
        do throws(PublishRefusal) {
            try await broker.publish(message, in: call.account)
        } catch {
            throw ServiceFailure(error)
        }
        // No member of the model; what the service says on the wire.
        return RawResponse(json: ["message": "OK", "traceId": .string(call.requestID)])
    }
}

extension ServiceFailure {
    /// The exception of each refusal. A topic that clients may not publish to, and one whose service is not built, is a
    /// value of `topic` that the operation does not take: 400.
    fileprivate init(_ refusal: PublishRefusal) {
        switch refusal {
        case .topicInvalid(let detail): self = .invalid("topic", "is not a topic name: \(detail)")
        case .reserved(let refusal): self = .invalid("topic", "cannot be used: \(refusal.sentence)")
        case .limit(let limit):
            let sentence = "\(limit.name): \(limit.asked) is above the limit of \(limit.limit)"
            switch limit.subject {
            case .payload:
                self.init(code: "RequestEntityTooLargeException", status: 413, message: "payload is too large; \(sentence)")
            case .room: self = .throttling("the message cannot be retained; \(sentence)")
            case .topic: self = .invalid("topic", "is too long; \(sentence)")
            }
        case .storeFailed:
            self.init("ServiceUnavailableException", "The message cannot be kept now: the message store cannot take it; try again")
        }
    }
}
