/// A JSON value as RFC 8259 describes it. Numbers keep the text they came with, so a document that is read and
/// written again has the same digits.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    @inlinable public static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }
    @inlinable public static func double(_ value: Double) -> JSONValue { .number(JSONNumber(value)) }

    @inlinable public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    @inlinable public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    @inlinable public var numberValue: JSONNumber? { if case .number(let value) = self { value } else { nil } }
    @inlinable public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    @inlinable public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }
    @inlinable public var isNull: Bool { if case .null = self { true } else { false } }

    /// The member of an object; nil when this is no object or has no such member.
    @inlinable public subscript(_ name: String) -> JSONValue? { objectValue?[name] }

    /// What this value is called in messages to people: `string`, `number`, `object` ...
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
    public init(nilLiteral: ()) { self = .null }
}
