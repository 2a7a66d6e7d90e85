import Glibc
import MartletBase
import MartletGateway

extension ConfigurationKey.Kind {
    /// The word for "no limit".
    static let none = "none"

    /// What a value must be, for messages and the manual.
    package var expected: String {
        switch self {
        case .text: "text"
        case .flag: "true or false"
        case .choice(let choices): choices.joined(separator: ", ")
        case .integer(let range, let orNone):
            "a whole number from \(range.lowerBound) to \(range.upperBound)" + (orNone ? ", or none" : "")
        case .ipAddress: "an IPv4 or IPv6 address"
        case .account: "12 digits"
        case .names(let names): "\(names.joined(separator: ", ")) with commas between them, or none"
        case .addressBlocks: "any, or IP addresses and CIDR blocks with commas between them"
        }
    }

    package func accepts(_ text: String) -> Bool {
        switch self {
        case .text: !text.isEmpty
        case .flag: text == "true" || text == "false"
        case .choice(let choices): choices.contains(text)
        case .integer(let range, let orNone): (orNone && text == Self.none) || Int(text).map(range.contains) ?? false
        case .ipAddress: Self.isIPAddress(text)
        case .account: AccountID(text) != nil
        case .names(let names): text == Self.none || Self.parts(text).allSatisfy(names.contains)
        case .addressBlocks: text == Self.any || AddressBlocks(text) != nil
        }
    }

    /// The word for "no limit to whom".
    static let any = "any"

    /// The parts of a list, without the spaces around them; `none` has no parts.
    static func parts(_ text: String) -> [String] {
        guard text != none else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func isIPAddress(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }
}
