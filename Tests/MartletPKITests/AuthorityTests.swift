import MartletBase
import MartletTesting
import Testing

@testable import MartletPKI

@Suite("The authority of one server")
struct AuthorityTests {
    let clock = VirtualClock()
    let random = SeededRandomSource(seed: 7)

    private func open(_ directory: String) throws(PKIError) -> Authority {
        try Authority.loadOrCreate(directory: directory, clock: clock, random: random)
    }

    @Test("A first start makes a CA that names itself, may sign only leaves, and keeps its key to its owner")
    func creation() async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            #expect(authority.isNew)
            #expect(try text(authority.certificateFile) == authority.certificatePEM)
            #expect(try mode(directory + "/ca.key") == 0o600)
            let parsed = try ParsedCertificate(pem: authority.certificatePEM)
            #expect(parsed.isCA)
            #expect(parsed.isSigned(by: parsed))
            #expect(parsed.publicKey == .p256)
            #expect(parsed.certificateID == authority.certificateID)
            let name = try #require(parsed.subject.values(.commonName).first)
            #expect(name.hasPrefix("Martlet IoT CA ") && name.count == "Martlet IoT CA ".count + 8)
            #expect(parsed.notAfter > clock.now().advanced(bySeconds: 10 * 366 * 86_400))
            #expect(parsed.isValid(at: clock.now()))
        }
    }

    @Test("A second start finds the same authority")
    func reload() async throws {
        try await withDirectory { directory in
            let first = try open(directory)
            let second = try open(directory)
            #expect(!second.isNew)
            #expect(second.certificateID == first.certificateID)
            #expect(second.certificatePEM == first.certificatePEM)
        }
    }

    @Test("A first start that was cut short after writing the key is finished under the same name")
    func interruptedCreation() async throws {
        try await withDirectory { directory in
            let first = try open(directory)
            let key = try text(directory + "/ca.key")
            try remove(directory + "/ca.pem")
            let second = try open(directory)
            #expect(try text(directory + "/ca.key") == key)
            #expect(
                try ParsedCertificate(pem: second.certificatePEM).subject
                    == ParsedCertificate(pem: first.certificatePEM).subject)
        }
    }

    @Test("A certificate whose key is missing is refused")
    func missingKey() async throws {
        try await withDirectory { directory in
            _ = try open(directory)
            try remove(directory + "/ca.key")
            #expect(throws: PKIError.authorityKeyMissing(file: directory + "/ca.key")) { try open(directory) }
        }
    }

    @Test("The key of another authority is refused, and both files stay as they are")
    func mismatch() async throws {
        try await withDirectory { directory in
            _ = try open(directory)
            _ = try open(directory + "2")
            defer { try? remove(directory + "2") }
            let foreign = try text(directory + "2/ca.key")
            try write(foreign, directory + "/ca.key")
            let refused = PKIError.authorityMismatch(
                certificateFile: directory + "/ca.pem", keyFile: directory + "/ca.key")
            #expect(throws: refused) { try open(directory) }
            #expect(try text(directory + "/ca.key") == foreign)
            #expect(refused.description.contains(directory + "/ca.key"))
        }
    }

    @Test("Garbage in either file is refused by the file's name and not overwritten", arguments: ["ca.pem", "ca.key"])
    func garbage(file: String) async throws {
        try await withDirectory { directory in
            _ = try open(directory)
            try write("-----BEGIN NONSENSE-----\nAAAA\n", directory + "/" + file)
            let error = #expect(throws: PKIError.self) { try open(directory) }
            guard case .fileMalformed(let named, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(named == directory + "/" + file)
            #expect(try text(directory + "/" + file).contains("NONSENSE"))
        }
    }

    @Test("A file that cannot be read is refused")
    func unreadable() async throws {
        try await withDirectory { directory in
            _ = try open(directory)
            try remove(directory + "/ca.pem")
            try makeDirectory(directory + "/ca.pem")
            let error = #expect(throws: PKIError.self) { try open(directory) }
            #expect(error?.code == "pkiFileUnreadable")
        }
    }

    @Test("A leaf certificate with its own key is no authority")
    func leafAsAuthority() async throws {
        try await withDirectory { directory in
            let authority = try open(directory)
            let server = try authority.serverCertificate(names: ["localhost"])
            try write(server.certificatePEM, directory + "/ca.pem")
            try write(server.privateKeyPEM, directory + "/ca.key")
            #expect(throws: PKIError.authorityNotCA(file: directory + "/ca.pem")) { try open(directory) }
        }
    }

    @Test("An authority that is not valid yet or any more is refused")
    func validity() async throws {
        try await withDirectory { directory in
            _ = try open(directory)
            clock.advance(seconds: 9000 * 86_400)
            #expect((#expect(throws: PKIError.self) { try open(directory) })?.code == "authorityNotValidNow")
        }
    }

    @Test("A file is never created over another one")
    func exclusiveCreation() async throws {
        try await withDirectory { directory in
            _ = try open(directory)
            let before = try text(directory + "/ca.key")
            #expect(throws: PKIError.self) { try PKIFiles.create(directory + "/ca.key", "other", mode: 0o600) }
            #expect(try text(directory + "/ca.key") == before)
        }
    }
}
