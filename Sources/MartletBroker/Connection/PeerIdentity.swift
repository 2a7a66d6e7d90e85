package import MartletBase

/// Who is at the other end of a connection, as far as the transport could tell.
package struct PeerIdentity: Sendable {
    package enum Principal: Hashable, Sendable {
        /// No certificate, signature or password was shown.
        case anonymous
        /// A registered certificate, proved by the TLS handshake.
        case certificate(CertificateID)
        /// A user of the password file, proved by the password in CONNECT.
        case user(AuthenticatedUser)
    }

    package let principal: Principal
    package let address: String
    package let port: Int
    /// The server name of the TLS handshake (SNI).
    package let serverName: String?
    package let isEncrypted: Bool
    /// How long the connection may last, where it has an end.
    package var lifetime: ConnectionLifetime?

    package init(principal: Principal, address: String, port: Int, serverName: String?, isEncrypted: Bool) {
        self.principal = principal
        self.address = address
        self.port = port
        self.serverName = serverName
        self.isEncrypted = isEncrypted
    }

    /// The same end of the connection, once CONNECT has said more about it.
    package func identified(as principal: Principal) -> PeerIdentity {
        var identified = PeerIdentity(
            principal: principal, address: address, port: port, serverName: serverName, isEncrypted: isEncrypted)
        identified.lifetime = lifetime
        return identified
    }

    /// The `principalIdentifier` of logs and events (lifecycle-events.md section 1); of a user the
    /// name, as of a custom authorizer its `principalId`.
    package var principalIdentifier: String {
        switch principal {
        case .anonymous: "anonymous"
        case .certificate(let id): id.text
        case .user(let user): user.name
        }
    }
}
