import AWSModel
import MartletBase
import Testing

@Suite struct PatternMatcherTests {
    @Test("Every pattern of the four models compiles")
    func modelPatterns() {
        let patterns = Service.allCases.flatMap { service in
            let table = ShapeTable.of(service)
            return table.shapeNames.compactMap { table.shape(named: $0)?.pattern?.pattern }
        }
        #expect(Set(patterns).count == 52)
    }

    @Test(
        "A pattern matches the whole text as Java's would",
        arguments: [
            ("[a-zA-Z0-9:_-]+", ["a", "pump:7_-"], ["", "a b", "é", "a\n"]),
            (#"[a-zA-Z0-9_.,@/:#=\[\]-]*"#, ["", "[a]=b", "a-b"], ["a b", "\\"]),
            (#"[\p{Graph}\x20]*"#, ["", "a ~!"], ["é", "a\tb", "\u{7F}"]),
            (#"[\s\S]*"#, ["", "a\nb é"], []),
            (#"[\w=,@-]+"#, ["a_=,@-"], ["", "a.b", "é"]),
            (#"(0x)?[a-fA-F0-9]+"#, ["0xAf", "0", "ab"], ["0x", "x1", "0x0x1"]),
            (
                #"\S{36,64}"#, [String(repeating: "x", count: 36)],
                [String(repeating: "x", count: 35), String(repeating: "x", count: 65)]
            ),
            (#"[^\p{C}]*"#, ["", "héllo wörld"], ["a\u{0}", "a\nb", "\u{E000}", "\u{200B}"]),
            (#"^([1-9]|[12][0-9]|3[01])$|^LAST$"#, ["1", "31", "29", "LAST"], ["0", "32", "LAS", "1LAST"]),
            ("https?://.*", ["http://", "https://a/b?c"], ["ftp://a", "https:/a", "http://a\nb"]),
            (#"([\n\t])|(\r\n)|(,)"#, ["\n", "\t", "\r\n", ","], ["", "\r", ",,"]),
            ("^[1-9]+.[0-9]+", ["1.0", "12x3"], ["0.1", "1.", "1\n0"]),
            (#"[A-Za-z0-9+/]+={0,2}"#, ["YQ==", "YWI=", "YWJj"], ["=", "YQ===", "Y=Q"]),
            ("[a-zA-Z0-9-_.]+", ["a-b_c.9"], ["a/b"]),
            ("[a-zA-Z0-9!_.*'()-\\/]+", ["a,b+c/(*)", "-"], ["a:b"]),
            (#"[\p{Upper}\p{Digit}_]+"#, ["OK_1"], ["ok", "É"]),
            (#"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#, ["", "Ünï \u{2028}٣-@"], ["a,b", "a\t"]),
            (#"[a-zA-Z0-9_-]+|^\$next"#, ["j-1", "$next"], ["$nex", "a$next"]),
            ("^[^$].*", ["a$", "é"], ["", "$a", "a\nb"]),
            (#"[^\p{Cntrl}]*"#, ["", "é\u{200B}"], ["a\u{7F}"]),
            (
                "arn:aws(-cn|-us-gov|-iso-b|-iso)?:acm:[a-z]{2}-(gov-|iso-|isob-)?[a-z]{4,9}-\\d{1}:\\d{12}:certificate/[a-zA-Z0-9/-]+",
                [
                    "arn:aws:acm:us-east-1:123456789012:certificate/a-b",
                    "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/a",
                ],
                [
                    "arn:aws:acm:us-east-1:12345678901:certificate/a",
                    "arn:aws-x:acm:us-east-1:123456789012:certificate/a",
                ]
            ),
            ("(?:ab){2}c", ["ababc"], ["abc", "abababc"]),
            ("a$b|c^d|^e|f$|g", ["e", "f", "g"], ["ab", "a$b", "cd", "xe", "fx"]),
            ("a||b", ["", "a", "b"], ["ab"]),
            (#"\u00e9\P{L}"#, ["é1"], ["éa"]),
        ] as [(String, [String], [String])])
    func matches(pattern: String, accepted: [String], refused: [String]) throws {
        let matcher = try PatternMatcher(pattern)
        for text in accepted { #expect(matcher.matches(text), "\(pattern) should match \(text.debugDescription)") }
        for text in refused { #expect(!matcher.matches(text), "\(pattern) should not match \(text.debugDescription)") }
    }

    @Test(
        "What the matcher does not know is an error with its place, never a guess",
        arguments: [
            "(?=a)", "(?<n>a)", "a**", "a*?", "a++", "[a", "(a", "a)", "[z-a]", #"\p{Greek}"#, #"\b"#, #"\1"#, "[a&&b]",
            "[[a]]", "a{2", "a{3,2}", "a{99999999999}", "*a", "\\", "(ab){65536}", String(repeating: "(", count: 40),
            #"\x4"#, "a{}",
        ])
    func unsupported(pattern: String) {
        #expect(throws: PatternError.self) { _ = try PatternMatcher(pattern) }
    }

    @Test("Time grows with the text, not with the ways to match it")
    func bounded() throws {
        // A backtracking matcher needs about 2^1000 steps here.
        let matcher = try PatternMatcher("(a|a)*(a|aa)+(a*)*b")
        #expect(!matcher.matches(String(repeating: "a", count: 1000)))
        #expect(matcher.matches(String(repeating: "a", count: 1000) + "b"))
    }
}
