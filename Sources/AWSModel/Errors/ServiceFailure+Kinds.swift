import MartletBase

/// The refusals that many operations share. A status that differs between services is put right by `fitted(to:)`.
extension ServiceFailure {
    /// 400: the request breaks the model or a rule of the operation.
    package static func invalidRequest(_ message: String) -> ServiceFailure {
        ServiceFailure("InvalidRequestException", message)
    }

    /// 404: the named resource does not exist.
    package static func notFound(_ message: String) -> ServiceFailure {
        ServiceFailure("ResourceNotFoundException", message)
    }

    /// 409: the name is taken. SDK exceptions carry the id and the ARN of the resource that has it.
    package static func alreadyExists(
        _ message: String, resourceID: String? = nil, resourceARN: String? = nil
    ) -> ServiceFailure {
        var members = JSONObject()
        members["resourceId"] = resourceID.map(JSONValue.string)
        members["resourceArn"] = resourceARN.map(JSONValue.string)
        return ServiceFailure("ResourceAlreadyExistsException", message, members: members)
    }

    /// 409: `expectedVersion` is not the current one.
    package static func versionConflict(_ message: String) -> ServiceFailure {
        ServiceFailure("VersionConflictException", message)
    }

    /// 409: the resource is attached or in use.
    package static func deleteConflict(_ message: String) -> ServiceFailure {
        ServiceFailure("DeleteConflictException", message)
    }

    /// 410: a count limit is reached.
    package static func limitExceeded(_ message: String) -> ServiceFailure {
        ServiceFailure("LimitExceededException", message)
    }

    /// 401
    package static func unauthorized(_ message: String) -> ServiceFailure {
        ServiceFailure("UnauthorizedException", message)
    }

    /// 403: an identity policy refuses.
    package static func accessDenied(_ message: String) -> ServiceFailure {
        ServiceFailure("AccessDeniedException", message)
    }

    /// 400 in the control plane, 429 in the data planes.
    package static func throttling(_ message: String) -> ServiceFailure {
        ServiceFailure("ThrottlingException", message)
    }

    /// 500: our fault, never the client's.
    package static func internalFailure(_ message: String) -> ServiceFailure {
        ServiceFailure("InternalFailureException", message)
    }

    /// 404: no service has such a route.
    package static func unknownOperation(_ message: String) -> ServiceFailure {
        ServiceFailure("UnknownOperationException", message)
    }

    /// 501: the operation exists in AWS and is not built here. It is named, never nodded through.
    package static func notImplemented(_ operation: OperationDescriptor) -> ServiceFailure {
        ServiceFailure("NotImplementedException", "\(operation.name) is not implemented.")
    }
}
