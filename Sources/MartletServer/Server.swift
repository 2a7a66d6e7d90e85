import Glibc
package import Logging
import MartletBase
import MartletBroker
import MartletGateway
import MartletObserve
import MartletPKI
import MartletServices
import MartletStore
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// The composition root: what runs, in the order in which it starts. It stops the other way round.
///
///  1. data directory   locked, its format known
///  2. documents        the registry's store
///  3. messages         the log of sessions, retained messages, presence and queues
///  4. authority        CA and server certificate
///  5. passwords        the users that the password file names
///  6. broker           one shard per event loop; what the log has comes back, and what a crash left open is closed
///  7. follower         applies each commit to the caches and to every loop
///  8. gateway          the listeners, last to open and first to close
package enum Server {
    /// Runs until SIGTERM or SIGINT, then drains. A second signal ends the process at once.
    package static func run(_ configuration: ServerConfiguration, logger: Logger) async throws(ServerFailure) {
        let started = MonotonicClock().nowNanoseconds()
        let parts = try await ServerParts.open(configuration, startedNanoseconds: started, logger: logger)
        let failure = await serve(parts, configuration, logger)
        await parts.close()
        if let failure { throw failure }
    }

    private static func serve(
        _ parts: ServerParts, _ configuration: ServerConfiguration, _ logger: Logger
    ) async -> ServerFailure? {
        var group = ServiceGroupConfiguration(
            services: [FollowerService(follower: parts.follower), parts.passwordService, parts.gatewayService],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(shutdownSeconds)
        do {
            try await ServiceGroup(configuration: group).run()
            return nil
        } catch let failure as ServerFailure {
            return failure
        } catch {
            return .runtime("the server stopped: \(error)")
        }
    }

    /// Draining may take this long; then the process ends all the same.
    private static let shutdownSeconds: Int64 = 8
}

/// Follows the change feed for as long as the server runs. It outlives the gateway, so that calls under way are
/// answered.
private struct FollowerService: Service, CustomStringConvertible {
    let follower: FeedFollower

    var description: String { "change feed follower" }

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await follower.run() }
    }
}
