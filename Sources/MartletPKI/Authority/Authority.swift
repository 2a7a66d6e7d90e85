package import MartletBase
internal import Crypto
internal import SwiftASN1
internal import X509

/// The certificate authority of one server. It signs the server's own certificate and the certificates that the
/// service issues to devices (identity.md section 1). Private keys come from the system's generator; the injected
/// random source gives serial numbers only.
package struct Authority: Sendable {
    /// `ca.pem`, which clients are told to trust.
    package let certificateFile: String
    package let certificatePEM: String
    package let certificateID: CertificateID
    /// The authority was made by this start, not loaded.
    package let isNew: Bool

    let directory: String
    let certificate: Certificate
    let key: Certificate.PrivateKey
    let clock: any WallClock
    let random: any RandomSource
    let rsaKeys = RSAKeyGenerator()

    init(
        files: AuthorityFiles, certificate: Certificate, certificatePEM: String, key: Certificate.PrivateKey,
        isNew: Bool, clock: any WallClock, random: any RandomSource
    ) throws(PKIError) {
        self.directory = files.directory
        self.certificateFile = files.certificate
        self.certificatePEM = certificatePEM
        self.certificate = certificate
        self.key = key
        self.isNew = isNew
        self.clock = clock
        self.random = random
        self.certificateID = CertificateID(sha256: SHA256.hash(data: try certificate.der()))
    }

    /// Signs a template with the authority's key.
    func sign(_ template: CertificateTemplate) throws(PKIError) -> IssuedCertificate {
        do {
            let signed = try template.signed(
                by: key, issuer: certificate.subject, issuerKeyIdentifier: try Self.keyIdentifier(of: certificate),
                random: random)
            return try IssuedCertificate(signed)
        } catch {
            throw .signingFailed
        }
    }

    private static func keyIdentifier(of certificate: Certificate) throws -> ArraySlice<UInt8> {
        try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
            ?? SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier
    }
}

extension Certificate {
    func der() throws(PKIError) -> [UInt8] {
        do {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return serializer.serializedBytes
        } catch {
            throw .signingFailed
        }
    }
}
