import Logging
import MartletBase

/// The lines of one loop that say why a client was refused. A client can provoke as many as it likes, and writing one
/// costs the loop a system call, so a second has room for so many; what is beyond is counted and said once.
struct RefusalLog {
    static let linesPerSecond = 100

    private let logger: Logger
    private var written = 0
    private var suppressed = 0

    init(_ logger: Logger) { self.logger = logger }

    mutating func write(
        _ message: Logger.Message, level: Logger.Level = .notice, _ metadata: @autoclosure () -> Logger.Metadata
    ) {
        guard logger.logLevel <= level else { return }
        guard written < Self.linesPerSecond else {
            suppressed += 1
            return
        }
        written += 1
        logger.log(level: level, message, metadata: metadata())
    }

    /// A new second begins.
    mutating func tick() {
        if suppressed > 0 {
            logger.notice(
                "more refusals than are logged",
                metadata: ["notLogged": "\(suppressed)", "linesPerSecond": "\(Self.linesPerSecond)"])
        }
        written = 0
        suppressed = 0
    }
}
