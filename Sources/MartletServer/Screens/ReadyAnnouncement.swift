import Glibc

/// Says once that every listener answers: in `run.json`, and on standard output as a screen for a person or one JSON
/// line for a program.
package enum ReadyAnnouncement {
    /// - Throws: when `run.json` could not be written; the other is said all the same.
    package static func publish(_ report: ReadyReport, _ configuration: ServerConfiguration) throws(ServerFailure) {
        var failure: ServerFailure?
        // First: who reads the line may look for the file at once.
        do throws(ServerFailure) { try RunFile.write(report, in: configuration.dataDirectory) } catch { failure = error }
        let toTerminal = isatty(STDOUT_FILENO) == 1
        let program = CommandLine.arguments.first ?? "martlet"
        Console.answer(
            toTerminal ? ReadyScreen.render(report, configuration, program: program) : report.line)
        if let failure { throw failure }
    }

    /// Called when the server stops.
    package static func withdraw(_ configuration: ServerConfiguration) {
        RunFile.remove(in: configuration.dataDirectory)
    }
}
