package import MartletPKI

/// The part of the authority that the certificate service needs.
package protocol DeviceCertificateIssuer: Sendable {
    func issueDeviceCertificate() async throws(PKIError) -> IssuedKeysAndCertificate
    func issueCertificate(csrPEM: String) throws(PKIError) -> IssuedCertificate
}

extension Authority: DeviceCertificateIssuer {}
