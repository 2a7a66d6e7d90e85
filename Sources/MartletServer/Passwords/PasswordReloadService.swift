import MartletBroker
import NIOPosix
import ServiceLifecycle

/// Looks at the password file every second, for as long as the server runs, and has live clients decided anew when their
/// user has changed.
struct PasswordReloadService: Service, CustomStringConvertible {
    let reader: PasswordFileReader
    let check: PasswordCheck
    let broker: Broker

    static let secondsBetweenLooks = 1

    var description: String { "password file" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(Self.secondsBetweenLooks))) != nil { await look() }
        }
        await check.stop()
    }

    /// On a thread that may wait for a disk.
    private func look() async {
        let reader = reader
        guard case .taken(let changed)? = try? await NIOThreadPool.singleton.runIfActive({ reader.check() }),
            !changed.isEmpty
        else { return }
        await broker.reauthorize(AffectedConnections(certificates: [], thingNames: [], users: changed))
    }
}
