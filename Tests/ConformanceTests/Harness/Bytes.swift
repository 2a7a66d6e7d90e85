/// The few encodings that all packets are made of (section 1.5), written here a second time on purpose: a fault of the
/// codec under test must not cancel itself out.
func variableByteInteger(_ value: Int) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    repeat {
        let digit = UInt8(rest % 128)
        rest /= 128
        bytes.append(rest > 0 ? digit | 0x80 : digit)
    } while rest > 0
    return bytes
}

/// A two-byte length, and the bytes.
func field(_ bytes: [UInt8]) -> [UInt8] { UInt16(bytes.count).bigEndianBytes + bytes }

func field(_ text: String) -> [UInt8] { field(Array(text.utf8)) }

/// "10 0C ff" as bytes. Traps on anything else: it is written in a test.
func hex(_ text: String) -> [UInt8] { text.split(whereSeparator: \.isWhitespace).map { UInt8($0, radix: 16)! } }

func hexText(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
}

extension FixedWidthInteger {
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian, Array.init) }
}
