internal import MartletBase

/// Finds a member that an object has twice. The JSON parser keeps the last of them, and a policy in which one of two
/// `Effect`s silently wins must not be accepted.
struct DuplicateMemberScanner {
    /// The place of the first duplicate in a text that the JSON parser has already accepted.
    static func firstDuplicate(in text: String) -> String? {
        var scanner = DuplicateMemberScanner(bytes: Array(text.utf8))
        scanner.value(at: "")
        return scanner.found
    }

    private let bytes: [UInt8]
    private var offset = 0
    private var found: String?

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func value(at place: String) {
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): object(at: place)
        case UInt8(ascii: "["): array(at: place)
        case UInt8(ascii: "\""): string()
        default:
            while let byte, !",]}".utf8.contains(byte) { offset += 1 }
        }
    }

    private mutating func object(at place: String) {
        var names: Set<String> = []
        offset += 1
        skipSpace()
        while found == nil, byte == UInt8(ascii: "\"") {
            let name = memberName()
            let inner = place.isEmpty ? name : "\(place).\(name)"
            if !names.insert(name).inserted { found = inner }
            skipSpace()
            offset += 1
            value(at: inner)
            skipSpace()
            if byte == UInt8(ascii: ",") { offset += 1 }
            skipSpace()
        }
        offset += 1
    }

    private mutating func array(at place: String) {
        offset += 1
        skipSpace()
        var index = 0
        while found == nil, let byte, byte != UInt8(ascii: "]") {
            value(at: "\(place)[\(index)]")
            index += 1
            skipSpace()
            if self.byte == UInt8(ascii: ",") { offset += 1 }
            skipSpace()
        }
        offset += 1
    }

    private mutating func memberName() -> String {
        let start = offset
        string()
        let token = bytes[start..<min(offset, bytes.count)]
        return (try? JSONParser.parse(token))?.stringValue ?? ""
    }

    private mutating func string() {
        offset += 1
        while let byte, byte != UInt8(ascii: "\"") { offset += byte == UInt8(ascii: "\\") ? 2 : 1 }
        offset += 1
    }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
    }
}
