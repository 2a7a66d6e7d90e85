package import AWSModel
package import Logging
package import MartletBase

/// Takes a request whose service is known to its answer: route, decode, call, encode. Every answer carries its
/// request id, and no fault of the server shows its cause to the caller.
package struct Dispatcher: Sendable {
    package let table: OperationTable
    private let logger: Logger

    package init(table: OperationTable, logger: Logger) {
        self.table = table
        self.logger = logger
    }

    /// - Parameter service: from `ServiceSelector`.
    package func handle(service: Service, request: RawRequest, call: CallContext) async -> RawResponse {
        guard let route = Self.route(service, request) else {
            if service == .iotData, Self.hasOtherMethod(request) {
                return Self.answer(.methodNotAllowed(request.method), service, call)
            }
            let operation = request.header("x-amz-target") ?? "\(request.method) \(request.rawPath)"
            let message = "\(service.signingName) has no operation for \(operation.prefix(256))"
            return Self.answer(.unknownOperation(message), service, call)
        }
        guard let handler = table.handler(of: route.operation) else {
            return Self.answer(.notBuilt(route.operation), service, call)
        }
        do {
            var response = try await handler(route, request, call)
            response.headers.append((name: "x-amzn-RequestId", value: call.requestID))
            return response
        } catch {
            return Self.answer(failure(error, route.operation, call).fitted(to: route.operation), service, call)
        }
    }

    /// Tries the selected services in turn. An unsigned request that none of them has a route for gets the answer of
    /// an unsigned control-plane call.
    package func handle(
        _ selection: ServiceSelector.Selection, request: RawRequest, requestID: String, now: WallInstant,
        sourceAddress: String = ""
    ) async -> RawResponse {
        let call = CallContext(
            realm: selection.realm, caller: selection.caller, requestID: requestID, now: now,
            sourceAddress: sourceAddress)
        for service in selection.services where Self.route(service, request) != nil {
            return await handle(service: service, request: request, call: call)
        }
        if case .iam = selection.caller, let service = selection.services.first {
            return await handle(service: service, request: request, call: call)
        }
        return Self.answer(.missingAuthenticationToken, .iot, call)
    }

    private func failure(_ error: any Error, _ operation: OperationDescriptor, _ call: CallContext) -> ServiceFailure {
        if let failure = ServiceFailure(thrown: error) { return failure }
        logger.error(
            "an API call failed",
            metadata: [
                "operation": "\(operation.name)", "service": "\(operation.service.signingName)",
                "account": "\(call.account)", "requestId": "\(call.requestID)", "cause": "\(error)",
            ])
        return .internalFailure("Internal failure. The server's log has the cause under request id \(call.requestID)")
    }

    /// The data plane tells a method that a path does not have from a path that it does not know (shadows.md section
    /// 8).
    private static func hasOtherMethod(_ request: RawRequest) -> Bool {
        ["GET", "POST", "PUT", "DELETE"].contains {
            Router.route(.iotData, method: $0, rawPath: request.rawPath) != nil
        }
    }

    private static func route(_ service: Service, _ request: RawRequest) -> Route? {
        Router.route(
            service, method: request.method, rawPath: request.rawPath, target: request.header("x-amz-target"))
    }

    private static func answer(_ failure: ServiceFailure, _ service: Service, _ call: CallContext) -> RawResponse {
        failure.response(for: service, requestID: call.requestID)
    }
}

extension ServiceFailure {
    static func methodNotAllowed(_ method: String) -> ServiceFailure {
        ServiceFailure(
            code: "MethodNotAllowedException", status: 405, message: "The method \(method) is not supported here")
    }

    /// 501: AWS has the operation, this server does not have it yet (architecture.md "Refuse or execute, never nod").
    static func notBuilt(_ operation: OperationDescriptor) -> ServiceFailure {
        ServiceFailure(
            "NotImplementedException",
            "\(operation.name) is not built yet: Martlet has no \(operation.service.signingName) \(operation.name). "
                + "docs/coverage.md lists what is built")
    }
}
