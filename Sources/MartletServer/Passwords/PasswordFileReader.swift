import Logging
import MartletObserve
import MartletPKI
import Synchronization

/// Keeps `PasswordUsers` true to the file. A file that cannot be used changes nothing: the last good one stays in force,
/// and the log and `/readyz` say why.
final class PasswordFileReader: Sendable {
    enum Outcome: Hashable {
        case unchanged
        /// These users are to be decided anew.
        case taken(changed: Set<String>)
        case refused(PasswordFileError)
    }

    /// What was last looked at.
    private enum Seen: Equatable {
        case nothingYet
        case noFile
        case file(FileStamp)
    }

    static let checkName = "passwords"

    let path: String
    /// The configuration names the file, so it has to be there.
    private let isNamed: Bool
    let users: PasswordUsers
    private let health: Health
    private let logger: Logger
    private let seen = Mutex(Seen.nothingYet)

    init(path: String, isNamed: Bool, users: PasswordUsers, health: Health, logger: Logger) {
        self.path = path
        self.isNamed = isNamed
        self.users = users
        self.health = health
        self.logger = logger
    }

    /// At the start there is no last good file, so one that cannot be used ends the start.
    func start() throws(ServerFailure) {
        if case .refused(let error) = check() { throw .usage("the password file cannot be used: \(error)") }
    }

    /// Reads the file if it is another than last time. Blocks: not for an event loop.
    func check() -> Outcome {
        // Asked before the file is read: what changes meanwhile is seen next time.
        let now = FileStamp(of: path).map(Seen.file) ?? .noFile
        let isNew = seen.withLock { seen in
            defer { seen = now }
            return seen != now
        }
        guard isNew else { return .unchanged }
        do throws(PasswordFileError) {
            guard let file = try PasswordFile.read(path) else {
                guard isNamed || users.isInForce else { return .unchanged }
                throw PasswordFileError(file: path, problem: "there is no such file; without users it would be empty")
            }
            return take(file)
        } catch {
            return refuse(error)
        }
    }

    private func take(_ file: PasswordFile) -> Outcome {
        let changed = users.replace(with: file)
        health.set(Self.checkName, failure: nil)
        logger.info(
            "password file in force",
            metadata: ["file": "\(path)", "users": "\(file.users.count)", "changed": "\(changed.count)"])
        return .taken(changed: changed)
    }

    private func refuse(_ error: PasswordFileError) -> Outcome {
        health.set(Self.checkName, failure: "the last good password file stays in force: \(error)")
        logger.error(
            "password file refused",
            metadata: [
                "file": "\(path)", "line": "\(error.line.map(String.init) ?? "-")", "problem": "\(error.problem)",
                "consequence": "the last good one stays in force",
            ])
        return .refused(error)
    }
}
