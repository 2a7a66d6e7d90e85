import Glibc
import Logging
import MartletObserve

/// `martlet serve` before and after the server itself: configuration first, then the log, then the run.
package enum Serving {
    /// Returns when the server has stopped. `arguments` are the flags after the command.
    package static func run(arguments: [String]) async throws(ServerFailure) {
        let configuration = try ServerConfiguration.load(.process(arguments: arguments))
        LogBootstrap.install(level: Logger.Level(rawValue: configuration.logLevel) ?? .info)
        // A reader of the log or of standard output that goes away must not take the server with it.
        signal(SIGPIPE, SIG_IGN)
        try await Server.run(configuration, logger: Logger(label: "martlet"))
    }
}
