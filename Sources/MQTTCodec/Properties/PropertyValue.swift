/// The value of a property, by its encoding.
package enum PropertyValue: Hashable, Sendable {
    case byte(UInt8)
    case twoByteInteger(UInt16)
    case fourByteInteger(UInt32)
    /// At most `VariableByteInteger.maximum`.
    case variableByteInteger(Int)
    case string(MQTTString)
    case binary([UInt8])
    case stringPair(MQTTString, MQTTString)

    var encoding: PropertyIdentifier.Encoding {
        switch self {
        case .byte: .byte
        case .twoByteInteger: .twoByteInteger
        case .fourByteInteger: .fourByteInteger
        case .variableByteInteger: .variableByteInteger
        case .string: .string
        case .binary: .binary
        case .stringPair: .stringPair
        }
    }

    var encodedLength: Int {
        switch self {
        case .byte: 1
        case .twoByteInteger: 2
        case .fourByteInteger: 4
        case .variableByteInteger(let value): VariableByteInteger.length(of: value)
        case .string(let text): 2 + text.count
        case .binary(let bytes): 2 + bytes.count
        case .stringPair(let name, let value): 4 + name.count + value.count
        }
    }
}
