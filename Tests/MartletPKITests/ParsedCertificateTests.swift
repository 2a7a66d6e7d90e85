import MartletBase
import MartletTesting
import Testing

@testable import MartletPKI

@Suite("Certificates that others made")
struct ParsedCertificateTests {
    @Test("Every attribute that a policy can name is found, with all its values in order")
    func attributes() throws {
        let parsed = try ParsedCertificate(pem: Vectors.odd)
        #expect(parsed.certificateID.text == "02f68865603cde5a480ffd3d9da505ff9ff8df0fab6572456abfc7a36b5a6b3a")
        #expect(
            parsed.policyVariables == [
                "SerialNumber": ["f1e2d3c4"], "Subject.Country": ["DE"], "Subject.State": ["Hessen"],
                "Subject.Organization": ["Pump, Works"], "Subject.OrganizationalUnit": ["Line 1", "Line 2", "Line 3"],
                "Subject.CommonName": ["pump7", "Pümpe"], "Subject.SerialNumber": ["SN-42"], "Subject.Title": ["Dr"],
                "Subject.Surname": ["Ada"], "Subject.GivenName": ["Grace"], "Subject.Initials": ["AG"],
                "Subject.Pseudonym": ["pi"], "Subject.GenerationQualifier": ["II"],
                "Subject.DistinguishedNameQualifier": ["q1"],
                "Subject.AlternativeName.RFC822Name": ["a@example.test"],
                "Subject.AlternativeName.DNSName": ["pump7.example.test", "*.pumps.test"],
                "Subject.AlternativeName.DirectoryName": ["CN=a\\=b,O=Dir\\, Org"],
                "Subject.AlternativeName.UniformResourceIdentifier": ["urn:x:1"],
                "Subject.AlternativeName.IPAddress": ["10.0.0.7", "2001:db8::7"],
                "Issuer.Organization": ["Issuer Org"], "Issuer.CommonName": ["Issuer \"X\""],
                "Issuer.AlternativeName.RFC822Name": ["ca@example.test"],
            ])
        #expect(parsed.issuer.text == "CN=Issuer \\\"X\\\",O=Issuer Org")
        #expect(parsed.publicKey == .p256 && !parsed.isCA)
        #expect(parsed.notBefore.iso8601 == "2026-11-24T04:20:01.000Z")
        #expect(parsed.notAfter.iso8601 == "2081-08-27T04:20:01.000Z")
    }

    @Test("The issuer is recognised by name, signature and being an authority")
    func issuer() throws {
        let leaf = try ParsedCertificate(pem: Vectors.odd)
        let authority = try ParsedCertificate(pem: Vectors.oddIssuer)
        #expect(leaf.isSigned(by: authority))
        #expect(authority.isCA && authority.isSigned(by: authority))
        #expect(!authority.isSigned(by: leaf))
        #expect(!leaf.isSigned(by: leaf))
    }

    @Test("Old string types are read as the text they mean",
        arguments: [Vectors.bmpString, Vectors.teletexString, Vectors.universalString])
    func stringTypes(pem: String) throws {
        #expect(try ParsedCertificate(pem: pem).subject.values(.commonName) == ["Größe"])
    }

    @Test("The serial number nought and a name without attributes are read; a negative serial number is refused")
    func edges() throws {
        #expect(try ParsedCertificate(pem: Vectors.zeroSerial).serialNumberHex == "00")
        #expect(throws: PKIError.certificateMalformed(part: "DER encoding")) {
            try ParsedCertificate(pem: Vectors.negativeSerial)
        }
        let empty = try ParsedCertificate(pem: Vectors.emptyName)
        #expect(empty.subject.text == "" && empty.policyVariables.keys.elementsEqual(["SerialNumber"]))
    }

    @Test("Algorithms that cannot be checked are refused by name",
        arguments: [Vectors.rsa1024, Vectors.pssSigned, Vectors.brainpool])
    func algorithms(pem: String) throws {
        let error = #expect(throws: PKIError.self) { try ParsedCertificate(pem: pem) }
        #expect(error?.code == "certificateAlgorithmUnsupported")
    }

    @Test("Ed25519 is read but not accepted for devices")
    func ed25519() throws {
        #expect(!(try ParsedCertificate(pem: Vectors.ed25519).publicKey.isAcceptedForDevices))
        #expect(try ParsedCertificate(pem: Vectors.odd).publicKey.isAcceptedForDevices)
    }

    @Test("Text around the block, long lines and CRLF do not change the certificate")
    func tolerantPEM() throws {
        let plain = try ParsedCertificate(pem: Vectors.odd)
        let lines = Vectors.odd.split(separator: "\n")
        let oneLine = [lines[0], Substring(lines[1..<(lines.count - 1)].joined()), lines[lines.count - 1]]
        for text in [
            "Certificate:\n  Data\n" + Vectors.odd + "\nmore", lines.joined(separator: "\r\n"),
            oneLine.joined(separator: "\n"), Vectors.p256Request + Vectors.odd + Vectors.oddIssuer,
        ] {
            #expect(try ParsedCertificate(pem: text) == plain)
        }
    }

    @Test("Text without a whole certificate block is refused",
        arguments: [
            "", "hello", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END OTHER-----", Vectors.p256Request,
        ])
    func malformedPEM(text: String) {
        #expect(throws: PKIError.certificateMalformed(part: "PEM encoding")) { try ParsedCertificate(pem: text) }
    }

    @Test("A certificate beyond the size limit is refused before it is read")
    func tooLarge() {
        let limit = ParsedCertificate.maximumBytes
        #expect(throws: PKIError.certificateTooLarge(size: limit + 1, limit: limit)) {
            try ParsedCertificate(der: [UInt8](repeating: 48, count: limit + 1))
        }
        #expect(throws: PKIError.certificateTooLarge(size: limit + 1, limit: limit)) {
            try ParsedCertificate(pem: String(repeating: "a", count: limit + 1))
        }
    }

    @Test(
        "Damaged certificates are refused or read, and never end the process", arguments: 1...4 as ClosedRange<UInt64>)
    func damage(seed: UInt64) throws {
        let random = SeededRandomSource(seed: seed)
        let originals = try [Vectors.odd, Vectors.bmpString, Vectors.ed25519, Vectors.oddIssuer].map {
            try ParsedCertificate(pem: $0).der
        }
        let below = { (limit: Int) in Int(random.nextUInt64() % UInt64(limit)) }
        var refused = 0
        for _ in 0..<3000 {
            var der = originals[below(originals.count)]
            for _ in 0...below(4) {
                let place = below(der.count)
                switch below(4) {
                case 0: der[place] = UInt8(truncatingIfNeeded: random.nextUInt64())
                case 1: der[place] ^= 1 << UInt8(below(8))
                case 2: der.removeSubrange(place..<min(der.count, place + below(5)))
                default: der.insert(contentsOf: random.bytes(below(5)), at: place)
                }
            }
            do throws(PKIError) {
                _ = try ParsedCertificate(der: der).policyVariables
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 1000)
        for length in [0, 1, 2, 17, 1000] {
            #expect(throws: PKIError.self) { try ParsedCertificate(der: random.bytes(length)) }
        }
    }
}
