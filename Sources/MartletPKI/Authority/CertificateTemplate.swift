#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import MartletBase
internal import X509

/// What the authority is about to sign.
struct CertificateTemplate {
    var subject: DistinguishedName
    var publicKey: Certificate.PublicKey
    var notBefore: WallInstant
    var notAfter: WallInstant
    var use: Use

    enum Use {
        case authority
        case server([ServerName])
        case device
    }

    /// Devices and this server rarely agree to the second; a certificate is good from a little before it was made.
    static let clockToleranceSeconds: Int64 = 3_600
    /// Beyond this, TLS stacks refuse a server certificate.
    static let serverValiditySeconds: Int64 = 825 * 86_400
    /// 2049-12-31T23:59:59Z, the end of what the service issues (identity.md section 1).
    static let endOfService = WallInstant(millisecondsSinceEpoch: 2_524_607_999_000)

    func signed(
        by key: Certificate.PrivateKey, issuer: DistinguishedName, issuerKeyIdentifier: ArraySlice<UInt8>,
        random: any RandomSource
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Self.serialNumber(random), publicKey: publicKey,
            notValidBefore: Date(timeIntervalSince1970: notBefore.secondsSinceEpoch.rounded(.down)),
            notValidAfter: Date(timeIntervalSince1970: notAfter.secondsSinceEpoch.rounded(.down)),
            issuer: issuer, subject: subject, extensions: try extensions(issuerKeyIdentifier: issuerKeyIdentifier),
            issuerPrivateKey: key)
    }

    /// Twenty bytes, as many as RFC 5280 section 4.1.2.2 allows: positive, and never shorter by chance.
    private static func serialNumber(_ random: any RandomSource) -> Certificate.SerialNumber {
        var bytes = random.bytes(20)
        bytes[0] = bytes[0] & 0x7F | 0x40
        return Certificate.SerialNumber(bytes: bytes)
    }

    private func extensions(issuerKeyIdentifier: ArraySlice<UInt8>) throws -> Certificate.Extensions {
        let subjectKey = SubjectKeyIdentifier(hash: publicKey)
        let authorityKey = AuthorityKeyIdentifier(keyIdentifier: issuerKeyIdentifier)
        switch use {
        case .authority:
            return try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
                subjectKey
            }
        case .server(let names):
            return try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                subjectKey
                authorityKey
                SubjectAlternativeNames(names.map(GeneralName.init))
            }
        case .device:
            return try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.clientAuth])
                subjectKey
                authorityKey
            }
        }
    }
}
