import MartletBase
import MartletTesting
import Testing

@testable import MartletPKI

@Suite struct PasswordHashTests {
    /// Cheap, so that the tests are quick.
    static let cheap = PasswordCost(checkingLogN: 10, blockSize: 1, parallelism: 1)!

    @Test(
        "scrypt derives what RFC 7914 section 12 says",
        arguments: [
            (
                "password", "NaCl", 10, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            ),
            (
                "pleaseletmein", "SodiumChloride", 14, 8, 1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
            ),
        ])
    func vectors(_ password: String, _ salt: String, _ logN: Int, _ r: Int, _ p: Int, _ expected: String) throws {
        let cost = try #require(PasswordCost(checkingLogN: logN, blockSize: r, parallelism: p))
        let derived = PasswordHash.derive(Array(password.utf8), salt: Array(salt.utf8), cost: cost, count: 64)
        #expect(derived.map { Hex.text($0) } == expected)
    }

    @Test("every cost that is accepted can be computed", arguments: [(10, 1, 1), (10, 16, 1), (10, 16, 16), (11, 1, 16)])
    func bounds(_ logN: Int, _ r: Int, _ p: Int) throws {
        let cost = try #require(PasswordCost(checkingLogN: logN, blockSize: r, parallelism: p))
        #expect(PasswordHash.derive([1], salt: [2], cost: cost, count: 32)?.count == 32)
    }

    @Test("a hash knows its password and no other, and an empty one is nobody's")
    func matches() throws {
        let hash = try #require(PasswordHash(of: Secret(Array("öpen".utf8)), cost: Self.cheap, random: SystemRandomSource()))
        #expect(hash.matches(Secret(Array("öpen".utf8))))
        #expect(!hash.matches(Secret(Array("open".utf8))))
        #expect(!hash.matches(Secret([])))
        #expect(PasswordHash(of: Secret([]), cost: Self.cheap, random: SystemRandomSource()) == nil)
    }

    @Test("two hashes of one password share nothing, and their stamps tell them apart")
    func salted() throws {
        let (one, two) = (try hash("same"), try hash("same"))
        #expect(one.text != two.text && one.stamp != two.stamp)
    }

    @Test("the text form comes back as it was written")
    func roundTrip() throws {
        let hash = try hash("secret")
        #expect(hash.text.hasPrefix("$scrypt$ln=10,r=1,p=1$"))
        let read = try PasswordHash(text: hash.text[...])
        #expect(read == hash && read.matches(Secret(Array("secret".utf8))))
    }

    @Test(
        "a hash that is malformed or out of bounds is refused",
        arguments: [
            "", "secret", "$argon2id$ln=10,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=9,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=20,r=16,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$r=8,ln=15,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=15,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
            "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAA",
        ])
    func malformed(_ text: String) {
        #expect(throws: PasswordHash.Malformed.self) { try PasswordHash(text: text[...]) }
    }

    @Test("a secret prints as nothing that it holds")
    func secret() {
        let secret = Secret(Array("hunter2".utf8))
        var dumped = ""
        dump([secret], to: &dumped)
        #expect("\(secret)" == "(secret)" && String(reflecting: [secret]) == "[(secret)]" && !dumped.contains("104"))
    }

    private func hash(_ password: String) throws -> PasswordHash {
        try #require(PasswordHash(of: Secret(Array(password.utf8)), cost: Self.cheap, random: SystemRandomSource()))
    }
}
