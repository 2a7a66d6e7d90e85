internal import Crypto
internal import CryptoExtras
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import MartletBase
internal import SwiftASN1
internal import X509

extension Authority {
    /// The longest certificate signing request, in characters (identity.md section 1).
    package static let maximumCSRCharacters = 4_096

    /// Makes an RSA-2048 key pair and a certificate for it, subject "Martlet IoT Certificate", valid to
    /// 2049-12-31T23:59:59Z. The key pair is made on a thread of its own; up to
    /// `RSAKeyGenerator.maximumWaiting` callers wait for it, more are refused.
    package func issueDeviceCertificate() async throws(PKIError) -> IssuedKeysAndCertificate {
        let key = try await rsaKeys.makeKey()
        guard let subject = try? DistinguishedName(builder: { CommonName("Martlet IoT Certificate") }) else {
            throw .signingFailed
        }
        let issued = try sign(deviceTemplate(subject: subject, publicKey: Certificate.PublicKey(key.publicKey)))
        return IssuedKeysAndCertificate(
            certificatePEM: issued.certificatePEM, certificateID: issued.certificateID,
            privateKeyPEM: PEM.text(label: "RSA PRIVATE KEY", der: key.derRepresentation),
            publicKeyPEM: PEM.text(label: "PUBLIC KEY", der: key.publicKey.derRepresentation))
    }

    /// Certifies the public key and the subject of a PKCS#10 request whose signature proves possession of the key.
    /// Every call gives another certificate. Extensions that the request asks for are not taken over.
    package func issueCertificate(csrPEM: String) throws(PKIError) -> IssuedCertificate {
        let characters = csrPEM.unicodeScalars.count
        guard characters <= Self.maximumCSRCharacters else {
            throw .csrTooLong(characters: characters, limit: Self.maximumCSRCharacters)
        }
        guard let block = PEM.first(labelled: ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"], in: csrPEM) else {
            throw .csrMalformed
        }
        let request = try Self.request(der: block.der)
        if case .ed25519 = PublicKeyKind(request.publicKey) { throw .csrKeyUnsupported(key: "an Ed25519 key") }
        guard request.publicKey.isValidSignature(request.signature, for: request) else { throw .csrSignatureInvalid }
        return try sign(deviceTemplate(subject: request.subject, publicKey: request.publicKey))
    }

    private func deviceTemplate(subject: DistinguishedName, publicKey: Certificate.PublicKey) -> CertificateTemplate {
        CertificateTemplate(
            subject: subject, publicKey: publicKey,
            notBefore: clock.now().advanced(bySeconds: -CertificateTemplate.clockToleranceSeconds),
            notAfter: CertificateTemplate.endOfService, use: .device)
    }

    private static func request(der: [UInt8]) throws(PKIError) -> CertificateSigningRequest {
        do {
            return try CertificateSigningRequest(derEncoded: der)
        } catch let error as CertificateError where error.code == .unsupportedPublicKeyAlgorithm {
            throw .csrKeyUnsupported(key: "a key of an unknown kind")
        } catch CryptoKitError.incorrectParameterSize {
            throw .csrKeyUnsupported(key: "an RSA key of less than 2048 bits")
        } catch {
            throw .csrMalformed
        }
    }
}
