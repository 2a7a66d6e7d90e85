internal import MartletBase

/// A key: components encoded so that comparing two keys byte by byte compares their components in order, and so that
/// no component's encoding begins with another's. A prefix made of whole components therefore selects exactly the keys
/// that have these components: thing `a` is not found under a scan for `ab` nor the other way, and an account never
/// sees another's keys.
///
/// | component | bytes |
/// |---|---|
/// | account | `01`, then its twelve digits |
/// | kind | `02`, then the kind's number |
/// | integer | `03`, then eight bytes, big-endian, with the sign bit flipped |
/// | string | `04`, then UTF-8 with `00` written as `01 01` and `01` as `01 02`, then `00` |
package struct KeyBytes: Hashable, Comparable, Sendable {
    package private(set) var bytes: [UInt8]

    /// The prefix of every key.
    package static let empty = KeyBytes(bytes: [])

    /// A key that was read back: from the store or from a page token. Any bytes will do; `components` says what they
    /// mean.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    package init(_ components: KeyComponent...) {
        bytes = []
        bytes.reserveCapacity(64)
        for component in components { append(component) }
    }

    package func appending(_ components: KeyComponent...) -> KeyBytes {
        var key = self
        for component in components { key.append(component) }
        return key
    }

    /// The prefix of the keys that go on with a string which begins with `start`.
    package func appending(stringStart start: String) -> KeyBytes {
        var key = self
        key.append(.string(start))
        key.bytes.removeLast()
        return key
    }

    package func hasPrefix(_ prefix: KeyBytes) -> Bool { bytes.starts(with: prefix.bytes) }

    /// The first key after all that begin with this one; nil when there is none.
    package var endOfPrefix: KeyBytes? {
        guard let last = bytes.lastIndex(where: { $0 != 0xFF }) else { return nil }
        var end = Array(bytes[...last])
        end[last] += 1
        return KeyBytes(bytes: end)
    }

    package static func < (one: KeyBytes, other: KeyBytes) -> Bool { one.bytes.lexicographicallyPrecedes(other.bytes) }

    private mutating func append(_ component: KeyComponent) {
        switch component {
        case .account(let account):
            bytes.append(Tag.account)
            bytes.append(contentsOf: account.text.utf8)
        case .kind(let kind):
            bytes.append(Tag.kind)
            bytes.append(kind.rawValue)
        case .integer(let value):
            bytes.append(Tag.integer)
            let ordered = UInt64(bitPattern: value) ^ (1 << 63)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: ordered >> shift))
            }
        case .string(let text):
            bytes.append(Tag.string)
            for byte in text.utf8 {
                if byte <= Escape.lead {
                    bytes.append(Escape.lead)
                    bytes.append(byte + 1)
                } else {
                    bytes.append(byte)
                }
            }
            bytes.append(Escape.end)
        }
    }

    enum Tag {
        static let account: UInt8 = 1
        static let kind: UInt8 = 2
        static let integer: UInt8 = 3
        static let string: UInt8 = 4
    }

    enum Escape {
        static let end: UInt8 = 0
        static let lead: UInt8 = 1
    }
}

extension KeyBytes: CustomStringConvertible {
    /// For people: `000000000000/thing/pump7`.
    package var description: String {
        guard let components else { return "0x" + Hex.text(bytes) }
        return components.map { component in
            switch component {
            case .account(let account): account.text
            case .kind(let kind): "\(kind)"
            case .integer(let value): String(value)
            case .string(let text): text
            }
        }.joined(separator: "/")
    }
}
