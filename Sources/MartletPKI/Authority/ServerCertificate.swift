package import MartletBase

/// The certificate with which the TLS listeners prove who they are. It is signed by the authority directly, so the
/// leaf alone is the whole chain that a client needs besides `ca.pem`.
package struct ServerCertificate: Hashable, Sendable {
    package let certificatePEM: String
    package let privateKeyPEM: String
    package let certificateFile: String
    package let privateKeyFile: String
    package let certificateID: CertificateID
    /// Lower-case host names and IP addresses, as the certificate lists them.
    package let names: [String]
    package let notAfter: WallInstant
    /// The certificate was made by this call, not loaded.
    package let isNew: Bool
}

extension ServerCertificate: CustomStringConvertible {
    /// Without the private key, so that no log can show it.
    package var description: String { "server certificate \(certificateID) for \(names.joined(separator: ", "))" }
}
