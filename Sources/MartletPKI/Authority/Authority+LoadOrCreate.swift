internal import Crypto
package import MartletBase
internal import SwiftASN1
internal import X509

extension Authority {
    /// Opens the authority of a directory, or makes one where there is none. `ca.pem` and `ca.key` are never
    /// overwritten: a pair that is unreadable, does not match or is not a valid authority is an error that names the
    /// file. The directory is made when it is missing; its parent must exist.
    ///
    /// The key is written before the certificate. A key without a certificate is therefore a first start that was
    /// cut short, and the certificate is made for it: the name comes from the key, so the identity stays the same.
    package static func loadOrCreate(
        directory: String, clock: any WallClock, random: any RandomSource
    ) throws(PKIError) -> Authority {
        let files = AuthorityFiles(directory: directory)
        try PKIFiles.makeDirectory(directory)
        switch (try PKIFiles.read(files.certificate), try PKIFiles.read(files.key)) {
        case (let certificate?, let key?):
            return try load(files, certificate, key, clock: clock, random: random)
        case (.some, nil):
            throw .authorityKeyMissing(file: files.key)
        case (nil, let key?):
            let key = try privateKey(key, file: files.key)
            return try create(files, key, clock: clock, random: random)
        case (nil, nil):
            let key = P256.Signing.PrivateKey()
            let text = PEM.text(label: "PRIVATE KEY", der: key.derRepresentation)
            try PKIFiles.create(files.key, text, mode: AuthorityFiles.privateMode)
            return try create(files, Certificate.PrivateKey(key), clock: clock, random: random)
        }
    }

    private static func load(
        _ files: AuthorityFiles, _ certificateText: String, _ keyText: String, clock: any WallClock,
        random: any RandomSource
    ) throws(PKIError) -> Authority {
        guard let block = PEM.first(labelled: ["CERTIFICATE"], in: certificateText),
            let certificate = try? Certificate(derEncoded: block.der)
        else { throw .fileMalformed(file: files.certificate, expected: "a PEM-encoded certificate") }
        let key = try privateKey(keyText, file: files.key)
        guard key.publicKey == certificate.publicKey else {
            throw .authorityMismatch(certificateFile: files.certificate, keyFile: files.key)
        }
        let parsed = try ParsedCertificate(der: block.der)
        guard parsed.isCA else { throw .authorityNotCA(file: files.certificate) }
        guard parsed.isValid(at: clock.now()) else {
            throw .authorityNotValidNow(
                file: files.certificate, notBefore: parsed.notBefore, notAfter: parsed.notAfter)
        }
        return try Authority(
            files: files, certificate: certificate, certificatePEM: certificateText, key: key, isNew: false,
            clock: clock, random: random)
    }

    private static func create(
        _ files: AuthorityFiles, _ key: Certificate.PrivateKey, clock: any WallClock, random: any RandomSource
    ) throws(PKIError) -> Authority {
        let identifier = SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier
        let certificate: Certificate
        do {
            let name = try DistinguishedName {
                CommonName("Martlet IoT CA " + Hex.text(identifier.prefix(4)))
            }
            let template = CertificateTemplate(
                subject: name, publicKey: key.publicKey,
                notBefore: clock.now().advanced(bySeconds: -CertificateTemplate.clockToleranceSeconds),
                notAfter: CertificateTemplate.endOfService, use: .authority)
            certificate = try template.signed(
                by: key, issuer: name, issuerKeyIdentifier: identifier, random: random)
        } catch {
            throw .signingFailed
        }
        let text = PEM.text(label: "CERTIFICATE", der: try certificate.der())
        try PKIFiles.create(files.certificate, text, mode: AuthorityFiles.publicMode)
        return try Authority(
            files: files, certificate: certificate, certificatePEM: text, key: key, isNew: true, clock: clock,
            random: random)
    }

    static func privateKey(_ text: String, file: String) throws(PKIError) -> Certificate.PrivateKey {
        guard let block = PEM.first(labelled: ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"], in: text),
            let key = try? Certificate.PrivateKey(
                pemDocument: PEMDocument(type: block.label, derBytes: block.der))
        else { throw .fileMalformed(file: file, expected: "a PEM-encoded private key") }
        return key
    }
}
