/// Packets in a notation that a person can check against the specification.
///
/// - `10 003c`: bytes in hexadecimal
/// - `"text"`: UTF-8 with its length in two bytes
/// - `'text'`: the characters alone
/// - `[ ... ]`: binary data with its length in two bytes
/// - `{ ... }`: properties with their length
/// - `~ ... ;`: Remaining Length and what it counts; `;` or the end closes the packet
func wire(_ notation: String) -> [UInt8] {
    var parser = WireParser(Array(notation.utf8))
    return parser.packets()
}

private struct WireParser {
    private let text: [UInt8]
    private var index = 0

    init(_ text: [UInt8]) { self.text = text }

    mutating func packets() -> [UInt8] { run(until: nil) }

    private mutating func run(until end: UInt8?) -> [UInt8] {
        var bytes: [UInt8] = []
        while index < text.count {
            let character = text[index]
            index += 1
            if character == end { return bytes }
            switch character {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: ";"): break
            case UInt8(ascii: "\""): bytes += counted(quoted(character))
            case UInt8(ascii: "'"): bytes += quoted(character)
            case UInt8(ascii: "["): bytes += counted(run(until: UInt8(ascii: "]")))
            case UInt8(ascii: "{"): bytes += lengthPrefixed(run(until: UInt8(ascii: "}")))
            case UInt8(ascii: "~"): bytes += lengthPrefixed(run(until: UInt8(ascii: ";")))
            default:
                bytes.append(nibble(character) << 4 | nibble(text[index]))
                index += 1
            }
        }
        precondition(end == nil || end == UInt8(ascii: ";"), "unbalanced notation")
        return bytes
    }

    private mutating func quoted(_ quote: UInt8) -> [UInt8] {
        let start = index
        while text[index] != quote { index += 1 }
        defer { index += 1 }
        return Array(text[start..<index])
    }

    private func counted(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes }

    private func lengthPrefixed(_ bytes: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = bytes.count
        repeat {
            length.append(UInt8(rest % 128) | (rest > 127 ? 0x80 : 0))
            rest /= 128
        } while rest > 0
        return length + bytes
    }

    private func nibble(_ character: UInt8) -> UInt8 {
        guard let value = Character(Unicode.Scalar(character)).hexDigitValue else {
            preconditionFailure("no hexadecimal digit: \(Character(Unicode.Scalar(character)))")
        }
        return UInt8(value)
    }
}

/// Bytes as a failed expectation prints them.
func spaced(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
