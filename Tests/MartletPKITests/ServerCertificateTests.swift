import MartletBase
import MartletTesting
import Testing

@testable import MartletPKI

@Suite("The server's own certificate")
struct ServerCertificateTests {
    let clock = VirtualClock()
    let names = ["localhost", "127.0.0.1", "::1", "iot.example.test"]

    private func open(_ directory: String) throws(PKIError) -> Authority {
        try Authority.loadOrCreate(directory: directory, clock: clock, random: SeededRandomSource(seed: 9))
    }

    @Test("It carries the names, is signed by the authority, lasts at most 825 days, and its key is private")
    func creation() async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let server = try authority.serverCertificate(names: names + ["LOCALHOST"])
            let leaf = try ParsedCertificate(pem: server.certificatePEM)
            #expect(server.isNew && server.certificateID == leaf.certificateID)
            #expect(leaf.subjectAlternativeNames.values(.dnsName) == ["localhost", "iot.example.test"])
            #expect(leaf.subjectAlternativeNames.values(.ipAddress) == ["127.0.0.1", "::1"])
            #expect(leaf.isSigned(by: try ParsedCertificate(pem: authority.certificatePEM)))
            #expect(!leaf.isCA && leaf.publicKey == .p256)
            #expect(leaf.notAfter <= leaf.notBefore.advanced(bySeconds: 825 * 86_400))
            #expect(try mode(server.privateKeyFile) == 0o600)
        }
    }

    @Test("A second start keeps it while its names cover what is asked for")
    func reuse() async throws {
        try await withDirectory { directory in
            let first = try open(directory).serverCertificate(names: names)
            let second = try open(directory).serverCertificate(names: ["localhost", "::1"])
            #expect(!second.isNew)
            #expect(second.certificatePEM == first.certificatePEM)
            #expect(second.privateKeyPEM == first.privateKeyPEM)
            #expect(second.notAfter == first.notAfter)
        }
    }

    @Test("A new name, a nearly expired leaf, a foreign key and garbage each give a new leaf of the same authority",
        arguments: ["name", "expiry", "key", "garbage"])
    func reissue(cause: String) async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let first = try authority.serverCertificate(names: names)
            var wanted = names
            switch cause {
            case "name": wanted.append("10.1.2.3")
            case "expiry": clock.advance(seconds: 800 * 86_400)
            case "key": try write(try text(directory + "/ca.key"), first.privateKeyFile)
            default: try write("garbage", first.certificateFile)
            }
            let again = try open(directory)
            let second = try again.serverCertificate(names: wanted)
            #expect(again.certificateID == authority.certificateID)
            #expect(second.isNew && second.certificateID != first.certificateID)
            #expect(Set(second.names) == Set(wanted))
            #expect(try text(second.certificateFile) == second.certificatePEM)
            #expect(!(try again.serverCertificate(names: wanted)).isNew)
        }
    }

    @Test("A leaf of another authority is replaced")
    func foreignLeaf() async throws {
        try await withDirectory { directory in
            let server = try open(directory).serverCertificate(names: names)
            try remove(directory + "/ca.pem")
            try remove(directory + "/ca.key")
            #expect(try open(directory).serverCertificate(names: names).certificateID != server.certificateID)
        }
    }

    @Test("What is neither a host name nor an address is refused",
        arguments: [
            "", "a b", "-x.test", "x..test", "*.test", String(repeating: "a", count: 64), "1.2.3.4.5:80", "ü.test",
        ])
    func badNames(name: String) async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            #expect(throws: PKIError.serverNameInvalid(name)) { try authority.serverCertificate(names: [name]) }
        }
    }

    @Test("The names of this machine are names that a certificate may carry")
    func localNames() throws {
        for name in Authority.localServerNames() { _ = try ServerName(name) }
        #expect(Authority.localServerNames().starts(with: ["localhost", "127.0.0.1", "::1"]))
    }
}
