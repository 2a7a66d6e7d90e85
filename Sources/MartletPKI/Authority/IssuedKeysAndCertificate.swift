package import MartletBase

/// What CreateKeysAndCertificate hands out. The private key exists here and nowhere else (api-wire.md section 9).
package struct IssuedKeysAndCertificate: Hashable, Sendable {
    package let certificatePEM: String
    package let certificateID: CertificateID
    /// PKCS#1: `-----BEGIN RSA PRIVATE KEY-----`.
    package let privateKeyPEM: String
    /// SubjectPublicKeyInfo: `-----BEGIN PUBLIC KEY-----`.
    package let publicKeyPEM: String
}

extension IssuedKeysAndCertificate: CustomStringConvertible {
    /// Without the private key, so that no log can show it.
    package var description: String { "key pair and certificate \(certificateID)" }
}
