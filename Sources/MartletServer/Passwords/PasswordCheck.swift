import MartletBase
import MartletBroker
import MartletPKI
import NIOPosix
import Synchronization

/// Checks passwords one after another on a thread of its own: one takes tens of milliseconds and 32 MiB, which neither
/// an event loop nor Swift's cooperative pool can spare. So many may wait as `passwords.waiting` says.
final class PasswordCheck: Sendable {
    private let users: PasswordUsers
    private let waitingMax: Int
    private let waiting = Atomic<Int>(0)
    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// The thread starts with the first password: a server without users has none, and one whose start fails neither.
    private let life = Mutex(Life.idle)

    private enum Life { case idle, running, stopped }

    init(users: PasswordUsers, waitingMax: Int) {
        self.users = users
        self.waitingMax = waitingMax
    }

    /// Calls `done` once, on the thread of the check, or at once when too many wait already.
    func verify(
        _ credentials: Credentials, _ done: @escaping @Sendable (Result<AuthenticatedUser, ConnectRefusal>) -> Void
    ) {
        let (_, now) = waiting.add(1, ordering: .relaxed)
        guard now <= waitingMax else {
            waiting.subtract(1, ordering: .relaxed)
            return done(.failure(.quota("passwords.waiting", limit: waitingMax, asked: now)))
        }
        startThread()
        thread.submit { [self] state in
            let result: Result<AuthenticatedUser, ConnectRefusal> =
                switch state {
                case .active: verify(credentials)
                case .cancelled: .failure(.shuttingDown)
                }
            waiting.subtract(1, ordering: .relaxed)
            done(result)
        }
    }

    private func verify(_ credentials: Credentials) -> Result<AuthenticatedUser, ConnectRefusal> {
        let name = credentials.userName
        guard let hash = users.hash(of: name), hash.matches(credentials.password) else {
            return .failure(.badCredentials(user: String(name.prefix(PasswordUser.nameBytesMax))))
        }
        return .success(AuthenticatedUser(name: name, passwordStamp: hash.stamp))
    }

    private func startThread() {
        life.withLock { life in
            guard case .idle = life else { return }
            life = .running
            thread.start()
        }
    }

    /// Those who wait are refused, and so is everyone who comes later.
    func stop() async {
        life.withLock { $0 = .stopped }
        try? await thread.shutdownGracefully()
    }
}
