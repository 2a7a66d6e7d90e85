internal import AWSModel
internal import IoTPolicy
internal import MartletBase
internal import MartletBroker
internal import NIOCore

/// GetRetainedMessage and ListRetainedMessages of iot-data. What has expired is neither given nor listed.
struct RetainedOperations: Sendable {
    let broker: any DataPlaneBroker
    let authorization: DataPlaneAuthorization

    func get(
        _ input: IoTData.GetRetainedMessage.Input, _ call: CallContext
    ) async throws -> IoTData.GetRetainedMessage.Output {
        try await authorization.check(.getRetainedMessage, on: input.topic, call)
        guard let message = broker.retainedMessage(of: input.topic, in: call.account) else {
            throw ServiceFailure.notFound("No message is retained for the topic")
        }
        return IoTData.GetRetainedMessage.Output(
            topic: input.topic, payload: Array(buffer: message.payload), qos: Int(message.qos),
            lastModifiedTime: Int(message.storedAt.millisecondsSinceEpoch),
            userProperties: Self.userProperties(of: message))
    }

    /// The form in which Publish takes them; nil where there are none.
    private static func userProperties(of message: RetainedMessage) -> [UInt8]? {
        let properties = message.userProperties
        guard !properties.isEmpty else { return nil }
        return JSONWriter.bytes(.array(properties.map { .object([$0.name: .string($0.value)]) }))
    }

    /// The page size is ours where the caller has none: the largest.
    private static let defaultPageSize = 200

    func list(
        _ input: IoTData.ListRetainedMessages.Input, _ call: CallContext
    ) async throws -> IoTData.ListRetainedMessages.Output {
        try await authorization.check(.listRetainedMessages, on: "", call)
        let list = ListCursor("ListRetainedMessages", call)
        let page = broker.retainedMessages(
            after: try list.position(input.nextToken), limit: input.maxResults ?? Self.defaultPageSize, in: call.account)
        return IoTData.ListRetainedMessages.Output(
            retainedTopics: page.messages.map {
                IoTData.RetainedMessageSummary(
                    topic: String(buffer: $0.topic), payloadSize: $0.payload.readableBytes, qos: Int($0.qos),
                    lastModifiedTime: Int($0.storedAt.millisecondsSinceEpoch))
            }, nextToken: page.cursor.map(list.token))
    }
}

/// The place in a data-plane list, as a token that only this list takes.
struct ListCursor {
    private let scope: String

    init(_ list: String, _ call: CallContext) { scope = "\(list) \(call.account)" }

    func position(_ token: String?) throws(ServiceFailure) -> String? {
        guard let token else { return nil }
        guard let key = PageToken.lastKey(in: token, scope: scope) else {
            throw .invalidRequest("nextToken is not one that this list has given out")
        }
        return String(decoding: key, as: UTF8.self)
    }

    func token(_ last: String) -> String { PageToken.text(lastKey: Array(last.utf8), scope: scope) }
}
