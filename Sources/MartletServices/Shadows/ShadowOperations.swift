internal import AWSModel
internal import IoTDomain
internal import IoTPolicy
internal import MartletBase

/// The shadow operations of iot-data (shadows.md section 10).
struct ShadowOperations: Sendable {
    let service: ShadowService
    let authorization: DataPlaneAuthorization

    func get(_ input: IoTData.GetThingShadow.Input, _ call: CallContext) async throws -> IoTData.GetThingShadow.Output {
        let document = try await run(.get, .getThingShadow, input.thingName, input.shadowName, [], call)
        return IoTData.GetThingShadow.Output(payload: document)
    }

    func update(
        _ input: IoTData.UpdateThingShadow.Input, _ call: CallContext
    ) async throws -> IoTData.UpdateThingShadow.Output {
        let document = try await run(
            .update, .updateThingShadow, input.thingName, input.shadowName, input.payload, call)
        return IoTData.UpdateThingShadow.Output(payload: document)
    }

    func delete(
        _ input: IoTData.DeleteThingShadow.Input, _ call: CallContext
    ) async throws -> IoTData.DeleteThingShadow.Output {
        let document = try await run(.delete, .deleteThingShadow, input.thingName, input.shadowName, [], call)
        return IoTData.DeleteThingShadow.Output(payload: document)
    }

    /// The page size is ours where the caller has none (shadows.md section 10).
    private static let defaultPageSize = 25

    func listNamed(
        _ input: IoTData.ListNamedShadowsForThing.Input, _ call: CallContext
    ) async throws -> IoTData.ListNamedShadowsForThing.Output {
        try await authorization.check(.listNamedShadowsForThing, on: input.thingName, call)
        let scope = "ListNamedShadowsForThing \(call.account) \(input.thingName)"
        var after: String?
        if let token = input.nextToken {
            guard let key = PageToken.lastKey(in: token, scope: scope) else {
                throw ServiceFailure.invalidRequest("nextToken is not one that this list has given out")
            }
            after = String(decoding: key, as: UTF8.self)
        }
        let page = try await service.names(
            of: input.thingName, after: after, limit: input.pageSize ?? Self.defaultPageSize, in: call.account)
        return IoTData.ListNamedShadowsForThing.Output(
            results: page.names,
            nextToken: page.next.map { PageToken.text(lastKey: Array($0.utf8), scope: scope) },
            timestamp: Int(call.now.millisecondsSinceEpoch / 1000))
    }

    private func run(
        _ operation: ShadowOperation, _ action: DataPlaneAction, _ thing: String, _ shadow: String?, _ payload: [UInt8],
        _ call: CallContext
    ) async throws -> [UInt8] {
        try await authorization.check(action, on: shadow.map { "\(thing)/\($0)" } ?? thing, call)
        do throws(ShadowRefusal) {
            let name = try ShadowName(thing: thing, shadow: shadow)
            do throws(ShadowError) {
                return try await service.call(operation, name, payload, in: call.account)
            } catch {
                throw error.refusal
            }
        } catch {
            throw ServiceFailure(error)
        }
    }
}

extension ServiceFailure {
    /// The exception of each refusal (shadows.md section 8).
    fileprivate init(_ refusal: ShadowRefusal) {
        let code =
            switch refusal.status {
            case 401: "UnauthorizedException"
            case 403: "ForbiddenException"
            case 404: "ResourceNotFoundException"
            case 409: "ConflictException"
            case 413: "RequestEntityTooLargeException"
            case 415: "UnsupportedDocumentEncodingException"
            case 429: "ThrottlingException"
            case 503: "ServiceUnavailableException"
            case 500...: "InternalFailureException"
            default: "InvalidRequestException"
            }
        self.init(code: code, status: refusal.status, message: refusal.message)
    }
}
