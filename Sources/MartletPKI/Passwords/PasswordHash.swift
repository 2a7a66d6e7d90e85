internal import Crypto
internal import CryptoExtras
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
package import MartletBase

/// A salted scrypt hash of a password, in the modular form `$scrypt$ln=15,r=8,p=1$SALT$HASH`: Base64 without padding.
/// Each hash carries its own cost, so the usual one can rise while old lines go on being good.
package struct PasswordHash: Hashable, Sendable {
    package let cost: PasswordCost
    package let salt: [UInt8]
    private let derived: [UInt8]

    static let saltBytes = 16
    static let derivedBytes = 32
    /// Longer ones come from no one who types, and CONNECT has room for this many.
    package static let passwordBytesMax = 65_535

    /// Hashes a password with a salt of its own. Takes as long as a check does: not for an event loop.
    ///
    /// - Returns: nil for an empty or too long password, and when there is no memory for it.
    package init?(of password: Secret, cost: PasswordCost = .usual, random: any RandomSource) {
        let salt = random.bytes(Self.saltBytes)
        guard let derived = Self.derive(password.bytes, salt: salt, cost: cost, count: Self.derivedBytes) else { return nil }
        self.cost = cost
        self.salt = salt
        self.derived = derived
    }

    /// A hash that no password has, for users who do not exist: checking against it takes the usual time.
    package init(matchingNothing cost: PasswordCost, random: any RandomSource) {
        self.cost = cost
        salt = random.bytes(Self.saltBytes)
        derived = random.bytes(Self.derivedBytes)
    }

    /// Whether this is the password. Takes the same time whatever the answer, tens of milliseconds: not for an event loop.
    package func matches(_ password: Secret) -> Bool {
        // An empty password is nobody's, and still takes its time.
        let bytes = password.isEmpty ? [0] : password.bytes
        guard let found = Self.derive(bytes, salt: salt, cost: cost, count: derived.count) else { return false }
        return zip(found, derived).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0 && !password.isEmpty
    }

    /// Tells this hash from an earlier or later one of the same user. Made of the salt, which is no secret.
    package var stamp: UInt64 { salt.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// RFC 7914 section 6. The library traps on an empty password or salt, so neither gets there.
    static func derive(_ password: [UInt8], salt: [UInt8], cost: PasswordCost, count: Int) -> [UInt8]? {
        guard !password.isEmpty, password.count <= passwordBytesMax, !salt.isEmpty else { return nil }
        let key = try? KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: count, rounds: 1 << cost.logN, blockSize: cost.blockSize,
            parallelism: cost.parallelism)
        return key?.withUnsafeBytes { Array($0) }
    }
}

// MARK: Text

extension PasswordHash {
    package var text: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.blockSize),p=\(cost.parallelism)$\(Self.base64(salt))$\(Self.base64(derived))"
    }

    /// Reads what `text` writes.
    /// - Throws: what is wrong, in words that follow "the hash".
    package init(text: Substring) throws(Malformed) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else {
            throw Malformed(problem: "is not of the form $scrypt$ln=15,r=8,p=1$SALT$HASH")
        }
        cost = try Self.cost(parts[2])
        guard let salt = Self.bytes(parts[3]), (8...64).contains(salt.count) else {
            throw Malformed(problem: "has a salt that is not 8 to 64 bytes of Base64")
        }
        guard let derived = Self.bytes(parts[4]), (16...64).contains(derived.count) else {
            throw Malformed(problem: "has a value that is not 16 to 64 bytes of Base64")
        }
        self.salt = salt
        self.derived = derived
    }

    package struct Malformed: Error, Hashable {
        package let problem: String
    }

    private static func cost(_ text: Substring) throws(Malformed) -> PasswordCost {
        let names = ["ln=", "r=", "p="]
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = zip(fields, names).compactMap { field, name in
            field.hasPrefix(name) ? Int(field.dropFirst(name.count)) : nil
        }
        guard fields.count == 3, numbers.count == 3 else { throw Malformed(problem: "does not name its cost as ln=,r=,p=") }
        guard let cost = PasswordCost(checkingLogN: numbers[0], blockSize: numbers[1], parallelism: numbers[2]) else {
            throw Malformed(
                problem: "has a cost out of bounds: ln 10 to 20, r 1 to 16, p 1 to 16, and at most 64 MiB of memory")
        }
        return cost
    }

    private static func base64(_ bytes: [UInt8]) -> String { String(Base64.text(bytes).prefix { $0 != "=" }) }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        guard !text.contains("=") else { return nil }
        return Base64.bytes(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
