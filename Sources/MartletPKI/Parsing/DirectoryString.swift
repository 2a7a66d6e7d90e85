internal import MartletBase
internal import SwiftASN1
internal import X509

/// The text of distinguished names and of their attribute values, whatever string type a certificate uses.
enum DirectoryString {
    /// The value as text. What is no string at all becomes `#` and the hexadecimal DER form (RFC 4514 section 2.4).
    static func text(_ value: RelativeDistinguishedName.Attribute.Value) -> String {
        if let text = String(value) { return text }
        var serializer = DER.Serializer()
        guard (try? serializer.serialize(ASN1Any(value))) != nil else { return "#" }
        let der = serializer.serializedBytes
        return string(der) ?? "#" + Hex.text(der)
    }

    /// RFC 4514 section 2: relative names last to first, joined by commas.
    static func text(_ name: DistinguishedName) -> String {
        name.reversed().map { relative in
            relative.map { keyword($0.type) + "=" + escaped(text($0.value)) }.joined(separator: "+")
        }.joined(separator: ",")
    }

    private static func string(_ der: [UInt8]) -> String? {
        guard let node = try? DER.parse(der), node.identifier.tagClass == .universal,
            case .primitive(let bytes) = node.content
        else { return nil }
        switch node.identifier.tagNumber {
        case 12, 18, 19, 22, 26: return String(validating: bytes, as: UTF8.self)
        case 20: return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        case 28: return wide(bytes, unit: 4).flatMap { String(validating: $0, as: UTF32.self) }
        case 30: return wide(bytes, unit: 2).flatMap { String(validating: $0.map(UInt16.init), as: UTF16.self) }
        default: return nil
        }
    }

    private static func wide(_ bytes: ArraySlice<UInt8>, unit: Int) -> [UInt32]? {
        guard bytes.count.isMultiple(of: unit) else { return nil }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: unit).map { start in
            bytes[start..<(start + unit)].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    private static let keywords: [ASN1ObjectIdentifier: String] = [
        [2, 5, 4, 3]: "CN", [2, 5, 4, 7]: "L", [2, 5, 4, 8]: "ST", [2, 5, 4, 10]: "O", [2, 5, 4, 11]: "OU",
        [2, 5, 4, 6]: "C", [2, 5, 4, 9]: "STREET", [0, 9, 2342, 19_200_300, 100, 1, 25]: "DC",
        [0, 9, 2342, 19_200_300, 100, 1, 1]: "UID",
    ]

    private static func keyword(_ type: ASN1ObjectIdentifier) -> String { keywords[type] ?? String(describing: type) }

    private static let special = Set(",\"\\+=<>;".unicodeScalars)

    /// The characters that policies.md section 4 names, and what RFC 4514 section 2.4 adds at the ends.
    private static func escaped(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var output = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            let isEdgeSpace = scalar == " " && (index == 0 || index == scalars.count - 1)
            if special.contains(scalar) || isEdgeSpace || (scalar == "#" && index == 0) { output.append("\\") }
            output.append(scalar)
        }
        return String(output)
    }
}
