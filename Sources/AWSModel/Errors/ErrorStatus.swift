/// The HTTP status of an exception name.
enum ErrorStatus {
    /// The model's status, else that of the front door, else 500: a code that nobody knows is our own mistake.
    static func of(_ code: String, in service: Service) -> Int {
        modelled(code, in: service) ?? frontDoor[code] ?? (code.hasPrefix("Internal") ? 500 : elsewhere(code) ?? 500)
    }

    static func modelled(_ code: String, in service: Service) -> Int? { ShapeTable.of(service).errorStatuses[code] }

    /// A code that only another service's model has.
    private static func elsewhere(_ code: String) -> Int? {
        Service.allCases.lazy.compactMap { modelled(code, in: $0) }.first
    }

    /// Refusals before an operation runs; they are in no model (api-wire.md section 5).
    private static let frontDoor: [String: Int] = [
        "MissingAuthenticationTokenException": 403, "UnrecognizedClientException": 403,
        "InvalidSignatureException": 403, "ExpiredTokenException": 403, "IncompleteSignatureException": 403,
        "AccessDeniedException": 403, "UnknownOperationException": 404, "NotImplementedException": 501,
        "ValidationException": 400, "SerializationException": 400, "RequestEntityTooLargeException": 413,
    ]
}
