package import AWSModel

/// What answers HTTP requests, whichever listener they came in by.
package protocol APIResponder: Sendable {
    func respond(to request: RawRequest, from caller: HTTPCaller) async -> RawResponse
}

/// Who sent an HTTP request, as far as the transport could tell.
package struct HTTPCaller: Sendable {
    package let address: String
    package let certificate: IdentifiedCertificate?
    package let serverName: String?
    package let isEncrypted: Bool
}
