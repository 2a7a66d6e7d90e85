internal import Crypto
package import MartletBase
internal import X509

/// A certificate that the authority has just signed.
package struct IssuedCertificate: Hashable, Sendable {
    package let certificatePEM: String
    package let certificateID: CertificateID

    init(_ certificate: Certificate) throws(PKIError) {
        let der = try certificate.der()
        certificatePEM = PEM.text(label: "CERTIFICATE", der: der)
        certificateID = CertificateID(sha256: SHA256.hash(data: der))
    }
}
