package import MartletBase

/// A refusal as a client sees it: the exception's name, its HTTP status, a message, and the modelled extra members
/// (api-wire.md section 5).
package struct ServiceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The shape name of the exception: `ResourceNotFoundException`.
    package var code: String
    package var status: Int
    package var message: String
    /// Members beside the message, such as `resourceId`.
    package var members: JSONObject

    /// The status is the one that the service's model gives the code.
    package init(_ code: String, _ message: String, service: Service = .iot, members: JSONObject = [:]) {
        self.init(code: code, status: ErrorStatus.of(code, in: service), message: message, members: members)
    }

    package init(code: String, status: Int, message: String, members: JSONObject = [:]) {
        self.code = code
        self.status = status
        self.message = message
        self.members = members
    }

    package var description: String { "\(code) (\(status)): \(message)" }

    /// The same refusal under the name and status that this operation's model has for it: a service function says
    /// `invalidRequest` or `internalFailure` and need not know which family its operation belongs to. Other codes keep
    /// their name and get the status of the operation's service.
    package func fitted(to operation: OperationDescriptor) -> ServiceFailure {
        var fitted = self
        if !operation.models(code) {
            switch code {
            case "InvalidRequestException", "ValidationException": fitted.code = operation.validationErrorCode
            case "InternalFailureException", "InternalException", "InternalServerException":
                fitted.code = operation.internalErrorCode
            default: break
            }
        }
        if let modelled = ErrorStatus.modelled(fitted.code, in: operation.service) { fitted.status = modelled }
        return fitted
    }

    /// The refusal on the wire. Clients look for the name in the header (rest-json) or in `__type` (json 1.1).
    package func response(for service: Service, requestID: String? = nil) -> RawResponse {
        var body = JSONObject()
        if service == .secureTunneling { body["__type"] = .string(code) }
        body["message"] = .string(message)
        for member in members where body[member.name] == nil { body[member.name] = member.value }
        var response = RawResponse(status: status, json: body, contentType: service.contentType)
        response.headers.append((name: "x-amzn-ErrorType", value: code))
        if let requestID { response.headers.append((name: "x-amzn-RequestId", value: requestID)) }
        return response
    }
}
