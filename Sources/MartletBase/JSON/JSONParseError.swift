/// Why a text is not JSON, and where.
public struct JSONParseError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "unexpected character"
        case badNumber = "not a number"
        case badEscape = "unknown escape in a string"
        case badUnicode = "a string is not valid Unicode"
        case controlCharacter = "a control character in a string must be escaped"
        case tooDeep = "nested too deeply"
        case trailingData = "text after the end of the value"
    }

    public let code: Code
    /// Byte offset from the start of the text.
    public let offset: Int

    public init(code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }

    public var description: String { "\(code.rawValue) at byte \(offset)" }
}
