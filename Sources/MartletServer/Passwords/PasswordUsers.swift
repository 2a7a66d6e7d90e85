import MartletBase
import MartletPKI
import Synchronization

/// The users of the password file as it was last read whole. Any thread may ask.
final class PasswordUsers: Sendable {
    private struct Contents {
        let users: [String: PasswordUser]
        /// Stands in for users who do not exist.
        let nobody: PasswordHash
    }

    private let contents = Mutex<Contents?>(nil)
    private let random: any RandomSource

    init(random: any RandomSource) { self.random = random }

    /// Whether a password file decides about clients that show a password.
    var isInForce: Bool { contents.withLock { $0 != nil } }

    func user(_ name: String) -> PasswordUser? { contents.withLock { $0?.users[name] } }

    /// The hash to check a password of `name` against. An unknown name gets one that costs as much as the costliest of
    /// the file, so that the time of an answer does not tell who exists.
    func hash(of name: String) -> PasswordHash? {
        contents.withLock { $0.map { $0.users[name]?.hash ?? $0.nobody } }
    }

    func names(withPolicy policy: String) -> Set<String> {
        contents.withLock { contents in
            Set(contents?.users.values.lazy.filter { $0.policies.contains(policy) }.map(\.name) ?? [])
        }
    }

    /// - Returns: the users who are new, gone, or have another password or other policies.
    func replace(with file: PasswordFile) -> Set<String> {
        let users = Dictionary(uniqueKeysWithValues: file.users.map { ($0.name, $0) })
        let costliest = file.users.map(\.hash.cost).max { $0.work < $1.work } ?? .usual
        let new = Contents(users: users, nobody: PasswordHash(matchingNothing: costliest, random: random))
        let old = contents.withLock { contents in
            defer { contents = new }
            return contents?.users ?? [:]
        }
        return Set(users.keys).union(old.keys).filter { users[$0] != old[$0] }
    }
}
