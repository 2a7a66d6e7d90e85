internal import Crypto
internal import MartletBase
internal import SwiftASN1
internal import X509

extension Authority {
    /// A leaf this close to its end is replaced at start.
    static let serverRenewalSeconds: Int64 = 30 * 86_400

    /// The names under which a server is reached on its own machine: `localhost`, both loopback addresses and, when
    /// a certificate may carry it, the host name. The caller adds `endpoint.host`.
    package static func localServerNames() -> [String] {
        ["localhost", "127.0.0.1", "::1"] + (ServerName.ofThisMachine().map { [$0] } ?? [])
    }

    /// The server's certificate and key, `server.pem` and `server.key`. The pair on disk is kept while it covers
    /// the names, belongs together, is signed by this authority and has 30 days left; otherwise it is replaced. The
    /// authority itself never changes.
    package func serverCertificate(names: [String]) throws(PKIError) -> ServerCertificate {
        var wanted: [ServerName] = []
        for name in names {
            let name = try ServerName(name)
            if !wanted.contains(name) { wanted.append(name) }
        }
        let files = AuthorityFiles(directory: directory)
        if let kept = try existingServerCertificate(files, covering: wanted.map(\.text)) { return kept }
        return try newServerCertificate(files, names: wanted)
    }

    private func existingServerCertificate(
        _ files: AuthorityFiles, covering wanted: [String]
    ) throws(PKIError) -> ServerCertificate? {
        guard let certificateText = try PKIFiles.read(files.serverCertificate),
            let keyText = try PKIFiles.read(files.serverKey),
            let parsed = try? ParsedCertificate(pem: certificateText),
            let leaf = try? Certificate(derEncoded: parsed.der),
            let leafKey = try? Self.privateKey(keyText, file: files.serverKey)
        else { return nil }
        let now = clock.now()
        let names = parsed.subjectAlternativeNames.values(.dnsName) + parsed.subjectAlternativeNames.values(.ipAddress)
        guard leafKey.publicKey == leaf.publicKey, leaf.issuer == certificate.subject,
            certificate.publicKey.isValidSignature(leaf.signature, for: leaf),
            parsed.isValid(at: now), parsed.isValid(at: now.advanced(bySeconds: Self.serverRenewalSeconds)),
            Set(wanted).isSubset(of: names)
        else { return nil }
        return ServerCertificate(
            certificatePEM: certificateText, privateKeyPEM: keyText, certificateFile: files.serverCertificate,
            privateKeyFile: files.serverKey, certificateID: parsed.certificateID, names: names,
            notAfter: parsed.notAfter, isNew: false)
    }

    private func newServerCertificate(
        _ files: AuthorityFiles, names: [ServerName]
    ) throws(PKIError) -> ServerCertificate {
        let key = P256.Signing.PrivateKey()
        let notBefore = clock.now().advanced(bySeconds: -CertificateTemplate.clockToleranceSeconds)
        let notAfter = min(
            notBefore.advanced(bySeconds: CertificateTemplate.serverValiditySeconds - 1),
            CertificateTemplate.endOfService)
        guard let subject = try? DistinguishedName(builder: { CommonName("Martlet IoT Server") }) else {
            throw .signingFailed
        }
        let issued = try sign(
            CertificateTemplate(
                subject: subject, publicKey: Certificate.PublicKey(key.publicKey), notBefore: notBefore,
                notAfter: notAfter, use: .server(names)))
        let keyText = PEM.text(label: "PRIVATE KEY", der: key.derRepresentation)
        try PKIFiles.replace(files.serverKey, keyText, mode: AuthorityFiles.privateMode)
        try PKIFiles.replace(files.serverCertificate, issued.certificatePEM, mode: AuthorityFiles.publicMode)
        return ServerCertificate(
            certificatePEM: issued.certificatePEM, privateKeyPEM: keyText, certificateFile: files.serverCertificate,
            privateKeyFile: files.serverKey, certificateID: issued.certificateID, names: names.map(\.text),
            notAfter: notAfter, isNew: true)
    }
}
