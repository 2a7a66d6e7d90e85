/// What the model says about one operation.
package final class OperationDescriptor: Sendable {
    package let service: Service
    package let name: String
    package let method: String
    /// `/things/{thingName}`; `{arn+}` stands for the rest of the path.
    package let uriTemplate: String
    package let inputShape: ShapeReference
    package let outputShape: ShapeReference
    /// The modelled exceptions.
    package let errorCodes: [String]
    package let successStatus: Int
    /// The names in the template, in order.
    let labelNames: [String]

    init(
        service: Service, name: String, method: String, uriTemplate: String, inputShape: String, outputShape: String,
        errorCodes: [String], successStatus: Int
    ) {
        self.service = service
        self.name = name
        self.method = method
        self.uriTemplate = uriTemplate
        self.inputShape = ShapeReference(service, inputShape)
        self.outputShape = ShapeReference(service, outputShape)
        self.errorCodes = errorCodes
        self.successStatus = successStatus
        self.labelNames = uriTemplate.split(separator: "/").compactMap { segment in
            segment.first == "{" ? String(segment.dropFirst().prefix { $0 != "}" && $0 != "+" }) : nil
        }
    }

    package func models(_ errorCode: String) -> Bool { errorCodes.contains(errorCode) }

    /// The code of a request that breaks the model: commands and packages have ValidationException in place of
    /// InvalidRequestException, and secure tunneling models neither (api-wire.md section 5).
    package var validationErrorCode: String {
        if models("InvalidRequestException") { return "InvalidRequestException" }
        if models("ValidationException") || service == .secureTunneling { return "ValidationException" }
        return "InvalidRequestException"
    }

    /// The name under which this operation's family reports a server fault.
    package var internalErrorCode: String {
        ["InternalFailureException", "InternalException", "InternalServerException"].first(where: models)
            ?? "InternalFailureException"
    }
}
