import MartletBase
import MartletTesting
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "What is read is written again byte for byte, numbers with their own digits",
        arguments: [
            "null", "true", "[]", "{}", "[1,2.50,-0,1e5,1E-7,12345678901234567890]", #"{"b":1,"a":[{"c":null}]}"#,
            #""\"\\\b\f\n\r\t\u0001""#, "\"ü😀\"",
        ])
    func roundTrip(text: String) throws {
        #expect(JSONWriter.text(try JSONParser.parse(text)) == text)
    }

    @Test(
        "What is no JSON is refused with its reason and its place",
        arguments: [
            ("", JSONParseError.Code.unexpectedEnd, 0), ("[1,]", .unexpectedByte, 3), ("{\"a\" 1}", .unexpectedByte, 5),
            ("01", .trailingData, 1), ("-", .badNumber, 1), ("1.", .badNumber, 2), ("1e+", .badNumber, 3),
            ("nul", .unexpectedEnd, 3), ("\"a", .unexpectedEnd, 2), ("\"\\x\"", .badEscape, 2),
            ("\"\\ud800\"", .badUnicode, 7), ("\"\\udc00\"", .badUnicode, 7), ("\"a\nb\"", .controlCharacter, 2),
            ("NaN", .unexpectedByte, 0), ("1 2", .trailingData, 2),
        ])
    func refused(text: String, code: JSONParseError.Code, offset: Int) {
        #expect(throws: JSONParseError(code: code, offset: offset)) { try JSONParser.parse(text) }
    }

    @Test("Bytes that are not UTF-8 are refused")
    func notUTF8() {
        #expect(throws: JSONParseError(code: .badUnicode, offset: 1)) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test("Surrogate pairs become one character")
    func surrogates() throws {
        #expect(try JSONParser.parse(#""\ud83d\ude00""#) == "😀")
    }

    @Test("Nesting has a limit, which is part of what is allowed")
    func depth() throws {
        let deep = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try JSONParser.parse(deep(8), depthLimit: 8)
        #expect(throws: JSONParseError(code: .tooDeep, offset: 8)) { try JSONParser.parse(deep(9), depthLimit: 8) }
    }

    @Test("A name that is set twice keeps its first place and its last value, in short and long objects", arguments: [2, 40])
    func duplicates(count: Int) throws {
        let members = (0..<count).map { "\"m\($0)\":\($0)" } + ["\"m0\":\"last\""]
        let object = try #require(try JSONParser.parse("{" + members.joined(separator: ",") + "}").objectValue)
        #expect(object.count == count)
        #expect(object.names.first == "m0")
        #expect(object["m0"] == "last")
        #expect(object["m\(count - 1)"] == .int(count - 1))
        #expect(object["absent"] == nil)
    }

    @Test("Removing a member of a long object leaves the others to be found")
    func removal() {
        var object = JSONObject((0..<30).map { ("m\($0)", JSONValue.int($0)) })
        object["m7"] = nil
        #expect(object.count == 29)
        #expect(object["m7"] == nil)
        #expect((8..<30).allSatisfy { object["m\($0)"] == .int($0) })
    }

    @Test("Whole numbers are known in every way of writing them")
    func numbers() throws {
        for (text, whole) in [("1", 1), ("1.0", 1), ("1e2", 100), ("-0", 0)] as [(String, Int?)] {
            #expect(try JSONParser.parse(text).numberValue?.int == whole)
        }
        #expect(try JSONParser.parse("1.5").numberValue?.int == nil)
        #expect(JSONNumber(2.0).text == "2")
        #expect(JSONNumber(0.25).text == "0.25")
    }

    @Test("No bytes make the parser trap, and what it reads can be written and read again")
    func randomBytes() throws {
        let random = SeededRandomSource(seed: 7)
        let alphabet = Array("{}[]\",:\\u0123dDeE+-.truefalsn \u{FF}".utf8)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int(random.nextUInt64() % 24)).map { alphabet[Int($0) % alphabet.count] }
            guard let value = try? JSONParser.parse(bytes) else { continue }
            #expect(try JSONParser.parse(JSONWriter.bytes(value)) == value)
        }
    }
}
