import Glibc
package import Logging
import MartletBase

/// Chooses where logs go, once for the process: standard error always, because standard output belongs to what a
/// command answers.
package enum LogBootstrap {
    /// Installs the terminal handler when standard error is a terminal, else JSON lines. May be called once.
    package static func install(level: Logger.Level) {
        let clock = SystemClock()
        let output = LogOutput.standardError
        if output.isTerminal {
            let coloured = getenv("NO_COLOR") == nil
            LoggingSystem.bootstrap { _ in
                TerminalLogHandler(level: level, output: output, clock: clock, coloured: coloured)
            }
        } else {
            LoggingSystem.bootstrap { label in
                JSONLinesLogHandler(label: label, level: level, output: output, clock: clock)
            }
        }
    }
}
