/// Reads RFC 8259 JSON from bytes. Strict: no comments, no trailing commas, no `NaN`, no unpaired surrogates.
public struct JSONParser {
    /// Arrays and objects may be nested this deep unless the caller says otherwise.
    public static let defaultDepthLimit = 128

    public static func parse(
        _ bytes: some Sequence<UInt8>, depthLimit: Int = defaultDepthLimit
    ) throws(JSONParseError) -> JSONValue {
        let contiguous = Array(bytes)
        let result: Result<JSONValue, JSONParseError> = contiguous.withUnsafeBytes { raw in
            var parser = JSONParser(bytes: raw, depthLimit: depthLimit)
            return Result { () throws(JSONParseError) in try parser.document() }
        }
        return try result.get()
    }

    public static func parse(_ text: String, depthLimit: Int = defaultDepthLimit) throws(JSONParseError) -> JSONValue {
        try parse(text.utf8, depthLimit: depthLimit)
    }

    private let bytes: UnsafeRawBufferPointer
    private let depthLimit: Int
    private var offset = 0
    private var depth = 0

    private init(bytes: UnsafeRawBufferPointer, depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    private mutating func document() throws(JSONParseError) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard offset == bytes.count else { throw error(.trailingData) }
        return value
    }

    private mutating func value() throws(JSONParseError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { parser throws(JSONParseError) in try parser.object() })
        case UInt8(ascii: "["): return .array(try nested { parser throws(JSONParseError) in try parser.array() })
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func nested<Value>(
        _ body: (inout JSONParser) throws(JSONParseError) -> Value
    ) throws(JSONParseError) -> Value {
        guard depth < depthLimit else { throw error(.tooDeep) }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func object() throws(JSONParseError) -> JSONObject {
        var object = JSONObject()
        offset += 1
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            offset += 1
            return object
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
            let name = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
            offset += 1
            skipSpace()
            object[name] = try value()
            if try endOfList(closing: UInt8(ascii: "}")) { return object }
        }
    }

    private mutating func array() throws(JSONParseError) -> [JSONValue] {
        var array: [JSONValue] = []
        offset += 1
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            offset += 1
            return array
        }
        while true {
            skipSpace()
            array.append(try value())
            if try endOfList(closing: UInt8(ascii: "]")) { return array }
        }
    }

    private mutating func endOfList(closing: UInt8) throws(JSONParseError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == closing || byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
        offset += 1
        return byte == closing
    }

    private mutating func string() throws(JSONParseError) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                let text = try utf8(start..<offset)
                offset += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw error(.controlCharacter)
            default: offset += 1
            }
        }
        throw error(.unexpectedEnd)
    }

    /// The slow path: a string in which something is escaped.
    private mutating func escapedString(from start: Int) throws(JSONParseError) -> String {
        var text = try utf8(start..<offset)
        while true {
            let runStart = offset
            while try peek() != UInt8(ascii: "\""), bytes[offset] != UInt8(ascii: "\\") {
                guard bytes[offset] >= 0x20 else { throw error(.controlCharacter) }
                offset += 1
            }
            text += try utf8(runStart..<offset)
            offset += 1
            if bytes[offset - 1] == UInt8(ascii: "\"") { return text }
            text.unicodeScalars.append(try escape())
        }
    }

    private mutating func escape() throws(JSONParseError) -> Unicode.Scalar {
        let byte = try peek()
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            offset -= 1
            throw error(.badEscape)
        }
    }

    private mutating func unicodeEscape() throws(JSONParseError) -> Unicode.Scalar {
        let first = try hex4()
        guard (0xD800..<0xE000).contains(first) else { return Unicode.Scalar(first)! }
        guard first < 0xDC00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw error(.badUnicode) }
        offset += 2
        let second = try hex4()
        guard (0xDC00..<0xE000).contains(second) else { throw error(.badUnicode) }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))!
    }

    private mutating func hex4() throws(JSONParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.digit(try peek()) else { throw error(.badEscape) }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private func utf8(_ range: Range<Int>) throws(JSONParseError) -> String {
        guard let text = String(validating: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
            throw JSONParseError(code: .badUnicode, offset: range.lowerBound)
        }
        return text
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() throws(JSONParseError) -> JSONNumber {
        let start = offset
        skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        if skip(UInt8(ascii: ".")) { try digits() }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
            try digits()
        }
        return JSONNumber(validated: try utf8(start..<offset))
    }

    private mutating func digits() throws(JSONParseError) {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        guard offset > start else { throw error(.badNumber) }
    }

    @discardableResult
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONParseError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else { throw error(.unexpectedByte) }
            offset += 1
        }
        return value
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONParseError) -> UInt8 {
        guard offset < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[offset]
    }

    private func error(_ code: JSONParseError.Code) -> JSONParseError { JSONParseError(code: code, offset: offset) }
}
