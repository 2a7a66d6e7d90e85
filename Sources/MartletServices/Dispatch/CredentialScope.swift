/// The `Credential` of a SigV4 `Authorization` header: `KEY/DATE/REGION/SERVICE/aws4_request`.
package struct CredentialScope: Hashable, Sendable {
    package let accessKeyID: String
    package let date: String
    package let region: String
    /// The signing name, as written: `iot`, `iotdata`, `IoTSecuredTunneling` ...
    package let service: String

    /// Why a header is no SigV4 authorisation.
    package enum ParseError: Error, Hashable, Sendable {
        case unknownScheme(String)
        case missingParameter(String)
        case malformedCredential(String)

        package var message: String {
            switch self {
            case .unknownScheme(let scheme):
                "Authorization header has the scheme '\(scheme)'; 'AWS4-HMAC-SHA256' is expected"
            case .missingParameter(let name): "Authorization header requires the parameter '\(name)'"
            case .malformedCredential(let text):
                "Credential '\(text)' is not of the form KEY/DATE/REGION/SERVICE/aws4_request"
            }
        }
    }

    /// Reads the header. Signature and signed headers must be there; they are not verified here.
    package init(authorization header: String) throws(ParseError) {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.first == "AWS4-HMAC-SHA256" else {
            throw .unknownScheme(String(parts.first ?? "").prefix(32).description)
        }
        let parameters = Self.parameters(parts.count == 2 ? parts[1] : "")
        for name in ["Credential", "SignedHeaders", "Signature"] where (parameters[name] ?? "").isEmpty {
            throw .missingParameter(name)
        }
        try self.init(credential: parameters["Credential"] ?? "")
    }

    /// Bytes of an access key, a region or a service; they stand in logs and messages.
    package static let longestPart = 128

    private init(credential: String) throws(ParseError) {
        // A key may hold slashes, the four parts after it may not.
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts.last == "aws4_request", !parts.suffix(4).contains(""),
            parts[parts.count - 4].utf8.count == 8, parts[parts.count - 4].utf8.allSatisfy({ (48...57).contains($0) })
        else { throw .malformedCredential(String(credential.prefix(128))) }
        accessKeyID = parts.dropLast(4).joined(separator: "/")
        date = String(parts[parts.count - 4])
        region = String(parts[parts.count - 3])
        service = String(parts[parts.count - 2])
        guard !accessKeyID.isEmpty, accessKeyID.utf8.count <= Self.longestPart, region.utf8.count <= Self.longestPart,
            service.utf8.count <= Self.longestPart
        else { throw .malformedCredential(String(credential.prefix(128))) }
    }

    private static func parameters(_ text: Substring) -> [String: String] {
        var parameters: [String: String] = [:]
        for part in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { parameters[String(pair[0])] = String(pair[1]) }
        }
        return parameters
    }
}
