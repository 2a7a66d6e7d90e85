#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// A name under which clients reach this server: what a subject alternative name of the server certificate holds.
enum ServerName: Hashable {
    case dns(String)
    case ip([UInt8])

    init(_ text: String) throws(PKIError) {
        if let address = IPAddressText.bytes(text) {
            self = .ip(address)
        } else if Self.isHostName(text) {
            self = .dns(text.lowercased())
        } else {
            throw .serverNameInvalid(text)
        }
    }

    var text: String {
        switch self {
        case .dns(let name): name
        case .ip(let bytes): IPAddressText.text(bytes) ?? ""
        }
    }

    /// RFC 1123 section 2.1, with an optional wildcard as the first label (RFC 6125 section 6.4.3).
    static func isHostName(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard !labels.isEmpty, text.utf8.count <= 253 else { return false }
        return labels.enumerated().allSatisfy { index, label in
            (index == 0 && labels.count > 2 && label.elementsEqual("*".utf8)) || isLabel(label)
        }
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else {
            return false
        }
        return label.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// This machine's host name, when it is one that a certificate may carry.
    static func ofThisMachine() -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let result = gethostname(&buffer, buffer.count - 1)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return result == 0 && isHostName(name) ? name : nil
    }
}
