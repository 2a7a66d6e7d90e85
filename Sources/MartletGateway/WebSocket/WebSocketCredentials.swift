import NIOHTTP1

/// What an upgrade request shows beside a client certificate (mqtt-broker.md section 3).
enum WebSocketCredentials: Hashable {
    case none
    /// AWS Signature Version 4, in the query or in the header fields. It is not verified yet.
    case signature
    /// A custom authorizer's name or token. None is built yet.
    case customAuthorizer

    init(_ head: HTTPRequestHead) {
        let names = Self.queryNames(head.uri)
        if head.headers.first(name: "authorization")?.hasPrefix("AWS4-") == true
            || names.contains(where: { $0.hasPrefix("x-amz-algorithm") || $0.hasPrefix("x-amz-signature") })
        {
            self = .signature
        } else if (names + head.headers.map { $0.name.lowercased() }).contains(where: {
            $0.hasPrefix("x-amz-customauthorizer-")
        }) {
            self = .customAuthorizer
        } else {
            self = .none
        }
    }

    /// The names of the query's parameters in lower case.
    private static func queryNames(_ uri: String) -> [String] {
        guard let mark = uri.firstIndex(of: "?") else { return [] }
        return uri[uri.index(after: mark)...].split(separator: "&").map {
            String($0.prefix { $0 != "=" }).lowercased()
        }
    }

    /// Who has no certificate comes in where clients without identity do. A signed request is one of them until
    /// signatures are verified: in dev any credentials are accepted, and everything is allowed.
    func check(hasCertificate: Bool, allowsAnonymous: Bool) throws(WebSocketRefusal) {
        if self == .customAuthorizer { throw .customAuthorizerNotBuilt }
        guard !hasCertificate, !allowsAnonymous else { return }
        throw self == .signature ? .signatureNotVerified : .notAuthenticated
    }
}
