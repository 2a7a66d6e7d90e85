internal import AWSModel
internal import IoTPolicy
internal import MartletBase
internal import MartletBroker

/// DeleteConnection, GetConnection and ListSubscriptions of iot-data (mqtt-broker.md section 4).
struct ConnectionOperations: Sendable {
    let broker: any DataPlaneBroker
    let authorization: DataPlaneAuthorization
    let rates: ConnectionCallRates

    /// 200 without a body, when the end of the connection is on disk.
    func delete(_ input: IoTData.DeleteConnection.Input, _ call: CallContext) async throws -> RawResponse {
        try await authorization.check(.deleteConnection, on: input.clientId, call)
        try rates.take(input.clientId, call)
        let deletion = ConnectionDeletion(
            endsSession: input.cleanSession ?? false, preventsWill: input.preventWillMessage ?? false)
        switch await broker.deleteConnection(of: input.clientId, deletion, in: call.account) {
        case .done: return RawResponse(status: 200)
        case .notFound: throw Self.notFound(input.clientId, "is not connected and has no kept session")
        case .storeFailed:
            throw ServiceFailure.internalFailure("The connection has ended, but the message store has failed")
        }
    }

    func get(
        _ input: IoTData.GetConnection.Input, _ call: CallContext
    ) async throws -> IoTData.GetConnection.Output {
        let withSocket = input.includeSocketInformation ?? false
        try await authorization.check(
            .getConnection, on: input.clientId, call, keys: ["iot:IncludeSocketInformation": [withSocket ? "true" : "false"]])
        try rates.take(input.clientId, call)
        guard let status = await broker.connection(of: input.clientId, in: call.account) else {
            throw Self.notFound(input.clientId, "is not connected, and nothing is kept of it")
        }
        return Self.output(input.clientId, status, withSocket: withSocket)
    }

    private static func output(
        _ clientID: String, _ status: ConnectionStatus, withSocket: Bool
    ) -> IoTData.GetConnection.Output {
        let facts = status.facts
        let socket = withSocket ? facts : nil
        return IoTData.GetConnection.Output(
            connected: status.isConnected, thingName: facts?.thingName,
            cleanSession: facts.map { $0.sessionExpirySeconds == nil } ?? (status.sessionExpirySeconds == nil),
            sourceIp: socket?.address, sourcePort: socket?.port, keepAliveDuration: facts?.keepAliveSeconds,
            connectedSince: status.isConnected ? facts.map { Int($0.connectedAt.millisecondsSinceEpoch) } : nil,
            disconnectedSince: status.disconnectedAt.map { Int($0.millisecondsSinceEpoch) },
            disconnectReason: status.disconnectReason?.rawValue,
            sessionExpiry: (status.sessionExpirySeconds ?? facts?.sessionExpirySeconds).map(Int.init),
            clientId: clientID)
    }

    private static let defaultPageSize = 20

    func listSubscriptions(
        _ input: IoTData.ListSubscriptions.Input, _ call: CallContext
    ) async throws -> IoTData.ListSubscriptions.Output {
        try await authorization.check(.listSubscriptions, on: input.clientId, call)
        try rates.take(input.clientId, call)
        let list = ListCursor("ListSubscriptions \(input.clientId)", call)
        let page = await broker.subscriptions(
            of: input.clientId, after: try list.position(input.nextToken),
            limit: input.maxResults ?? Self.defaultPageSize, in: call.account)
        guard let page else { throw Self.notFound(input.clientId, "is not connected and has no kept session") }
        return IoTData.ListSubscriptions.Output(
            subscriptions: page.elements.map { IoTData.SubscriptionSummary(topicFilter: $0.filter, qos: $0.qos) },
            nextToken: page.hasMore ? page.elements.last.map { list.token($0.filter) } : nil)
    }

    private static func notFound(_ clientID: String, _ why: String) -> ServiceFailure {
        .notFound("The client \(clientID) \(why)")
    }
}
