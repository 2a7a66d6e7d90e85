/// A shape of a model: its type, its constraints and, for a structure, where each member travels.
package struct Shape: Sendable {
    package enum Kind: Sendable {
        case string
        case boolean
        /// 32 bits
        case integer
        /// 64 bits
        case long
        case double
        case timestamp
        case blob
        case list(of: String)
        case map(key: String, value: String)
        case structure([Member])
    }

    package struct Member: Sendable {
        package let name: String
        /// The name of its shape in the same service.
        package let shape: String
        package let isRequired: Bool
        package let location: Location
        /// The header holds Base64 of JSON.
        package let isJSONValue: Bool
    }

    package enum Location: Hashable, Sendable {
        case body
        case uri(String)
        case query(String)
        case header(String)
        case status
    }

    package let name: String
    package let kind: Kind
    /// The smallest value of a number, length of a string in characters, or size of a list, map or blob.
    package var minimum: Double?
    package var maximum: Double?
    package var pattern: PatternMatcher?
    /// The allowed values of a string; empty when it is free.
    package var enumeration: [String] = []
    /// Its value appears in no message and no log.
    package var isSensitive = false
    /// The member that is the whole body.
    package var payload: String?

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    package var members: [Member] { if case .structure(let members) = kind { members } else { [] } }
}
