/// A JSON number, kept as the text it was written with. Two numbers are equal when their texts are.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// The caller vouches that `text` follows the number grammar of RFC 8259 section 6.
    init(validated text: String) { self.text = text }

    public init(_ value: some BinaryInteger) { self.text = String(value) }

    /// A finite value. JSON has no way to write the others, so they are a programmer's error.
    public init(_ value: Double) {
        precondition(value.isFinite, "JSON has no number for \(value)")
        if let whole = Int64(exactly: value), abs(value) < 1e15 {
            self.text = String(whole)
        } else {
            self.text = String(value)
        }
    }

    public var description: String { text }
    public var double: Double { Double(text) ?? .nan }

    /// The number as a whole one, when it is whole and fits: `1`, `1.0` and `1e2` do, `1.5` does not.
    public var int: Int? {
        if let exact = Int(text) { return exact }
        return Int(exactly: double)
    }
}
