package import MartletBase

/// Knows registered client certificates. The registry stands behind it: a presented leaf is found by the SHA-256 of its
/// DER, no chain is built (mqtt-broker.md section 2).
package protocol ClientCertificateDirectory: Sendable {
    /// Says whose certificate this is, or why it is not accepted.
    func identify(_ certificate: PresentedCertificate) async -> Result<IdentifiedCertificate, CertificateRefusal>
}

/// A leaf as the TLS handshake showed it.
package struct PresentedCertificate: Sendable {
    package let id: CertificateID
    package let der: [UInt8]
    package let serverName: String?
}

package struct IdentifiedCertificate: Sendable {
    package let id: CertificateID
    package let account: AccountID

    package init(id: CertificateID, account: AccountID) {
        self.id = id
        self.account = account
    }
}

/// Why a client certificate is not accepted; the codes are those of identity.md section 7.
package enum CertificateRefusal: Error, Reason {
    case absent
    case notRegistered(CertificateID)
    case inactive(CertificateID, status: String)
    case revoked(CertificateID)
    case expired(CertificateID, notAfter: WallInstant)
    case notYetValid(CertificateID, notBefore: WallInstant)
    case unreadable(String)
    case registryUnavailable(String)

    package var code: String {
        switch self {
        case .absent, .expired, .notYetValid, .unreadable: "NOT_AUTHENTICATED"
        case .notRegistered: "DEVICE_CERTIFICATE_NOT_REGISTERED"
        case .inactive: "DEVICE_CERTIFICATE_INACTIVE"
        case .revoked: "DEVICE_CERTIFICATE_REVOKED"
        case .registryUnavailable: "INTERNAL_SERVER_ERROR"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .absent: [Evidence("detail", "no client certificate was shown")]
        case .notRegistered(let id), .revoked(let id): [Evidence("certificateId", id)]
        case .inactive(let id, let status): [Evidence("certificateId", id), Evidence("status", status)]
        case .expired(let id, let date): [Evidence("certificateId", id), Evidence("notAfter", date.iso8601)]
        case .notYetValid(let id, let date): [Evidence("certificateId", id), Evidence("notBefore", date.iso8601)]
        case .unreadable(let detail), .registryUnavailable(let detail): [Evidence("detail", detail)]
        }
    }
}
