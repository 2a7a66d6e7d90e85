import MartletBase
import MartletTesting
import Testing

@testable import MartletPKI

@Suite("Certificates for devices")
struct DeviceCertificateTests {
    let clock = VirtualClock()

    private func open(_ directory: String) throws(PKIError) -> Authority {
        try Authority.loadOrCreate(directory: directory, clock: clock, random: SeededRandomSource(seed: 11))
    }

    @Test("CreateKeysAndCertificate gives an RSA-2048 pair and a certificate that ends with 2049")
    func keysAndCertificate() async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let issued = try await authority.issueDeviceCertificate()
            let parsed = try ParsedCertificate(pem: issued.certificatePEM)
            #expect(parsed.certificateID == issued.certificateID)
            #expect(parsed.publicKey == .rsa(bits: 2048))
            #expect(parsed.subject.values(.commonName) == ["Martlet IoT Certificate"])
            #expect(parsed.notAfter.iso8601 == "2049-12-31T23:59:59.000Z")
            #expect(parsed.notBefore < clock.now() && !parsed.isCA)
            #expect(parsed.serialNumberHex.count == 40)
            #expect(parsed.isSigned(by: try ParsedCertificate(pem: authority.certificatePEM)))
            #expect(issued.certificatePEM.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
            #expect(issued.certificatePEM.hasSuffix("-----END CERTIFICATE-----\n"))
            #expect(issued.privateKeyPEM.hasPrefix("-----BEGIN RSA PRIVATE KEY-----\n"))
            #expect(issued.publicKeyPEM.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
            #expect(!"\(issued)".contains("PRIVATE KEY"))
            let another = try await authority.issueDeviceCertificate()
            #expect(another.certificateID != issued.certificateID)
            #expect(another.privateKeyPEM != issued.privateKeyPEM)
        }
    }

    @Test("OpenSSL verifies both chains, strictly, and finds that key and certificate belong together",
        .enabled(if: OpenSSL.isInstalled, "the openssl command is not installed"))
    func verification() async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let issued = try await authority.issueDeviceCertificate()
            let server = try authority.serverCertificate(names: ["localhost", "127.0.0.1"])
            try write(issued.certificatePEM, directory + "/device.pem")
            try write(issued.privateKeyPEM, directory + "/device.key")
            let now = String(clock.now().millisecondsSinceEpoch / 1000)
            for (purpose, file) in [("sslclient", directory + "/device.pem"), ("sslserver", server.certificateFile)] {
                let answer = try OpenSSL.run(
                    "verify", "-x509_strict", "-attime", now, "-purpose", purpose, "-CAfile",
                    authority.certificateFile, file)
                #expect(answer.status == 0, "\(answer.output)")
            }
            let host = try OpenSSL.run(
                "verify", "-attime", now, "-verify_ip", "127.0.0.1", "-CAfile", authority.certificateFile,
                server.certificateFile)
            #expect(host.status == 0, "\(host.output)")
            let ofKey = try OpenSSL.run("rsa", "-in", directory + "/device.key", "-pubout")
            #expect(ofKey.output.contains(issued.publicKeyPEM))
            #expect(
                try OpenSSL.run("x509", "-in", directory + "/device.pem", "-noout", "-pubkey").output
                    == issued.publicKeyPEM)
        }
    }

    @Test("A request's own key and subject are certified, each time in another certificate",
        arguments: [
            (Vectors.p256Request, PublicKeyKind.p256, "CN=p256,O=Acme"),
            (Vectors.p384Request, .p384, "CN=p384,O=Acme"), (Vectors.p521Request, .p521, "CN=p521,O=Acme"),
            (Vectors.rsaRequest, .rsa(bits: 2048), "CN=rsa,O=Acme"),
        ])
    func requests(request: String, key: PublicKeyKind, subject: String) async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let issued = try authority.issueCertificate(csrPEM: request)
            let parsed = try ParsedCertificate(pem: issued.certificatePEM)
            #expect(parsed.publicKey == key)
            #expect(parsed.subject.text == subject)
            #expect(parsed.certificateID == issued.certificateID)
            #expect(parsed.isSigned(by: try ParsedCertificate(pem: authority.certificatePEM)))
            #expect(try authority.issueCertificate(csrPEM: request).certificateID != issued.certificateID)
        }
    }

    @Test("Requests that are too long, unreadable, forged or of another kind of key are refused by name",
        arguments: [
            (String(repeating: "a", count: 4097), "csrTooLong"), ("", "csrMalformed"), (Vectors.odd, "csrMalformed"),
            ("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----", "csrMalformed"),
            (Vectors.forgedRequest, "csrSignatureInvalid"), (Vectors.rsa1024Request, "csrKeyUnsupported"),
            (Vectors.ed25519Request, "csrKeyUnsupported"), (Vectors.secp256k1Request, "csrKeyUnsupported"),
        ])
    func refusedRequests(request: String, code: String) async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let error = #expect(throws: PKIError.self) { try authority.issueCertificate(csrPEM: request) }
            #expect(error?.code == code)
        }
    }

    @Test("More callers than may wait for a key are refused, and the others get theirs")
    func keyQueue() async throws {
        let generator = RSAKeyGenerator(maximumWaiting: 1)
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { if case .some = try? await generator.makeKey() { true } else { false } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.contains(true))
        #expect(outcomes.contains(false))
    }
}
