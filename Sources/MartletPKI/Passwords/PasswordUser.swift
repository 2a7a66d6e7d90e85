internal import MartletBase

/// One user of the password file: the hash of the password, and the IoT policies that decide what the user may do.
package struct PasswordUser: Hashable, Sendable {
    package let name: String
    package let hash: PasswordHash
    package let policies: [String]

    package static let nameBytesMax = 128
    package static let policiesMax = 10

    /// - Throws: what is wrong, as a sentence without its end.
    package init(name: String, hash: PasswordHash, policies: [String]) throws(Invalid) {
        if let problem = Self.problem(withName: name) ?? Self.problem(withPolicies: policies) { throw Invalid(problem: problem) }
        self.name = name
        self.hash = hash
        self.policies = policies
    }

    package struct Invalid: Error, Hashable {
        package let problem: String
    }

    /// Why nobody can have this name; nil for a good one. A name stands in events and logs as the principal, so it may
    /// not look like another kind of principal; and what follows a `?` in CONNECT is no part of it.
    package static func problem(withName name: String) -> String? {
        guard (1...nameBytesMax).contains(name.utf8.count) else { return "a user name has 1 to \(nameBytesMax) characters" }
        guard name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "?") }), !name.hasPrefix("#") else {
            return "a user name is printable ASCII without spaces and ?, and does not begin with #"
        }
        guard name != "anonymous", CertificateID(name) == nil else {
            return "the user name \(name) would read as another principal"
        }
        return nil
    }

    /// AWS's names of policies: letters, digits, and `_ + = , . @ -`.
    package static func problem(withPolicies policies: [String]) -> String? {
        guard (1...policiesMax).contains(policies.count) else { return "a user has 1 to \(policiesMax) policies" }
        guard Set(policies).count == policies.count else { return "a policy is named twice" }
        let bad = policies.first { $0.utf8.count > 128 || $0.isEmpty || !$0.utf8.allSatisfy(isPolicyByte) }
        return bad.map { "\"\($0)\" is no name of an IoT policy" }
    }

    private static func isPolicyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_+=,.@-".utf8.contains(byte)
        }
    }

    var line: String { ([name, hash.text] + policies).joined(separator: " ") }

    /// One line of the file: name, hash and policies, with blanks between them. (A comma may stand in a policy's name.)
    init(line: Substring) throws(Invalid) {
        let words = line.split { $0 == " " || $0 == "\t" }
        guard words.count >= 3 else { throw Invalid(problem: "a line is NAME HASH POLICY [POLICY...]") }
        let hash: PasswordHash
        do throws(PasswordHash.Malformed) {
            hash = try PasswordHash(text: words[1])
        } catch {
            throw Invalid(problem: "the hash \(error.problem)")
        }
        try self.init(name: String(words[0]), hash: hash, policies: words.dropFirst(2).map(String.init))
    }
}
