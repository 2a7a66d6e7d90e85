import MartletBase
import MartletTesting
import Testing

@Suite("Texts and identities")
struct TextTests {
    @Test(
        "Base64 follows the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.text(Array(plain.utf8)) == encoded)
        #expect(Base64.bytes(encoded) == Array(plain.utf8))
    }

    @Test("Malformed Base64 is nil", arguments: ["Z", "Zg=", "Zg", "====", "Z===", "Zm9\n", "Zm-_"])
    func badBase64(text: String) { #expect(Base64.bytes(text) == nil) }

    @Test("Hexadecimal reads both cases and writes the lower one")
    func hex() {
        #expect(Hex.bytes("00aFff") == [0, 0xAF, 0xFF])
        #expect(Hex.text([0, 0xAF, 0xFF]) == "00afff")
        #expect(Hex.bytes("abc") == nil)
        #expect(Hex.bytes("zz") == nil)
    }

    @Test("Percent-encoding is undone, and a broken escape is nil")
    func percent() {
        #expect(PercentEncoding.decode("a%2Fb%20c+d") == "a/b c+d")
        #expect(PercentEncoding.decode("%C3%BC") == "ü")
        for broken in ["%", "%2", "%zz", "%FF"] { #expect(PercentEncoding.decode(broken) == nil) }
        #expect(PercentEncoding.encode("a/b c~ü") == "a%2Fb%20c~%C3%BC")
    }

    @Test("An ARN is taken apart and put together")
    func arn() throws {
        let text = "arn:aws:iot:eu-west-1:210987654321:topic/a:b/c"
        let arn = try #require(ARN(text))
        #expect(arn.resourceType == "topic")
        #expect(arn.resourceName == "a:b/c")
        #expect(arn.description == text)
        for broken in ["", "arn:aws:iot", "x:aws:iot:r:a:t/n", "arn:aws:iot:r:a:"] { #expect(ARN(broken) == nil) }
        #expect(Realm(region: "cn-north-1", account: .zero).arn("thing", "x").description
            == "arn:aws-cn:iot:cn-north-1:000000000000:thing/x")
    }

    @Test("An account has twelve digits")
    func account() {
        #expect(AccountID("210987654321")?.text == "210987654321")
        for broken in ["", "21098765432", "2109876543210", "21098765432x", "٢١٠٩٨٧٦٥٤٣٢١"] { #expect(AccountID(broken) == nil) }
    }

    @Test("A certificate id is taken in the API's forms and kept in one")
    func certificate() {
        let digits = String(repeating: "aB", count: 32)
        #expect(CertificateID("0x" + digits)?.text == digits.lowercased())
        #expect(CertificateID(digits + "0") == nil)
        #expect(CertificateID(String(repeating: "g", count: 64)) == nil)
    }

    @Test(
        "Instants are written in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_772_360_100_000, "2026-03-01T10:15:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (4_102_444_799_000, "2099-12-31T23:59:59.000Z"),
        ] as [(Int64, String)])
    func iso8601(milliseconds: Int64, text: String) {
        #expect(WallInstant(millisecondsSinceEpoch: milliseconds).iso8601 == text)
    }

    @Test("A UUID has the form of version 4, and another seed gives another one")
    func uuid() {
        let uuid = SeededRandomSource(seed: 1).uuid()
        #expect(uuid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(uuid.split(separator: "-")[2].first == "4")
        #expect("89ab".contains(uuid.split(separator: "-")[3].first!))
        #expect(uuid != SeededRandomSource(seed: 2).uuid())
    }

    @Test("A reason prints its code and its evidence")
    func reason() {
        struct Full: Reason {
            let code = "queueFull"
            let evidence = [Evidence("limit", 5), Evidence("asked", 6)]
        }
        #expect(Full().description == "queueFull (limit: 5, asked: 6)")
    }
}
