internal import Crypto
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
package import MartletBase
internal import SwiftASN1
internal import X509

/// What Martlet needs to know about a certificate that somebody else may have made. The stored PEM text is not kept
/// here, because it must come back as it was given.
package struct ParsedCertificate: Hashable, Sendable {
    /// The longest PEM text, in bytes; AWS's limit is the same number of characters (api-wire.md section 9).
    package static let maximumBytes = 65_536

    package let der: [UInt8]
    package let certificateID: CertificateID
    /// Lower-case hexadecimal without a sign byte, as `iot:Certificate.SerialNumber` gives it.
    package let serialNumberHex: String
    package let subject: CertificateName
    package let issuer: CertificateName
    package let subjectAlternativeNames: AlternativeNames
    package let issuerAlternativeNames: AlternativeNames
    package let notBefore: WallInstant
    package let notAfter: WallInstant
    package let publicKey: PublicKeyKind
    /// basicConstraints says that this is the certificate of an authority.
    package let isCA: Bool

    /// Reads the first `CERTIFICATE` block of a text.
    package init(pem: String) throws(PKIError) {
        guard pem.utf8.count <= Self.maximumBytes else {
            throw .certificateTooLarge(size: pem.utf8.count, limit: Self.maximumBytes)
        }
        guard let block = PEM.first(labelled: ["CERTIFICATE", "X509 CERTIFICATE"], in: pem) else {
            throw .certificateMalformed(part: "PEM encoding")
        }
        try self.init(der: block.der)
    }

    package init(der: [UInt8]) throws(PKIError) {
        guard der.count <= Self.maximumBytes else {
            throw .certificateTooLarge(size: der.count, limit: Self.maximumBytes)
        }
        let certificate = try Self.decode(der)
        let part = { (part: String) in PKIError.certificateMalformed(part: part) }
        self.der = der
        certificateID = CertificateID(sha256: SHA256.hash(data: der))
        let serialNumber = certificate.serialNumber.bytes
        serialNumberHex = serialNumber.isEmpty ? "00" : Hex.text(serialNumber)
        subject = try Self.reading(part("subject")) { try CertificateName(certificate.subject) }
        issuer = try Self.reading(part("issuer")) { try CertificateName(certificate.issuer) }
        subjectAlternativeNames = try Self.reading(part("subjectAltName")) {
            try Self.alternativeNames(certificate.extensions[oid: .X509ExtensionID.subjectAlternativeName])
        }
        issuerAlternativeNames = try Self.reading(part("issuerAltName")) {
            try Self.alternativeNames(certificate.extensions[oid: Self.issuerAlternativeName])
        }
        notBefore = WallInstant(
            millisecondsSinceEpoch: Int64(certificate.notValidBefore.timeIntervalSince1970) * 1000)
        notAfter = WallInstant(
            millisecondsSinceEpoch: Int64(certificate.notValidAfter.timeIntervalSince1970) * 1000)
        publicKey = PublicKeyKind(certificate.publicKey)
        isCA = try Self.reading(part("basicConstraints")) {
            if case .isCertificateAuthority = try certificate.extensions.basicConstraints { true } else { false }
        }
    }

    package func isValid(at instant: WallInstant) -> Bool { notBefore <= instant && instant <= notAfter }

    /// Whether `issuer` is an authority that has this certificate's issuer name and made its signature. Dates are
    /// not looked at.
    package func isSigned(by issuer: ParsedCertificate) -> Bool {
        guard issuer.isCA, self.issuer.der == issuer.subject.der, let certificate = try? Certificate(derEncoded: der),
            let authority = try? Certificate(derEncoded: issuer.der)
        else { return false }
        return authority.publicKey.isValidSignature(certificate.signature, for: certificate)
    }

    private static let issuerAlternativeName: ASN1ObjectIdentifier = [2, 5, 29, 18]

    private static func decode(_ der: [UInt8]) throws(PKIError) -> Certificate {
        do {
            return try Certificate(derEncoded: der)
        } catch let error as CertificateError where error.code == .unsupportedPublicKeyAlgorithm {
            throw .certificateAlgorithmUnsupported(part: "public key algorithm")
        } catch let error as CertificateError where error.code == .unsupportedSignatureAlgorithm {
            throw .certificateAlgorithmUnsupported(part: "signature algorithm")
        } catch CryptoKitError.incorrectParameterSize {
            throw .certificateAlgorithmUnsupported(part: "public key (RSA of less than 2048 bits)")
        } catch {
            throw .certificateMalformed(part: "DER encoding")
        }
    }

    private static func reading<T>(_ failure: PKIError, _ body: () throws -> T) throws(PKIError) -> T {
        do {
            return try body()
        } catch {
            throw failure
        }
    }

    /// Both extensions have the same syntax (RFC 5280 section 4.2.1.7).
    private static func alternativeNames(_ found: Certificate.Extension?) throws -> AlternativeNames {
        guard var found else { return AlternativeNames() }
        found.oid = .X509ExtensionID.subjectAlternativeName
        return try AlternativeNames(SubjectAlternativeNames(found))
    }
}
