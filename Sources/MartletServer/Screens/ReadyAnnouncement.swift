import Glibc

/// Says once that every listener answers: in `run.json`, and on standard output as a screen for a person or one JSON
/// line for a program.
package enum ReadyAnnouncement {
    package static func publish(_ report: ReadyReport, _ configuration: ServerConfiguration) throws(ServerFailure) {
        try RunFile.write(report, in: configuration.dataDirectory)
        let toTerminal = isatty(STDOUT_FILENO) == 1
        let program = CommandLine.arguments.first ?? "martlet"
        Console.answer(
            toTerminal ? ReadyScreen.render(report, configuration, program: program) : report.line)
    }

    /// Called when the server stops.
    package static func withdraw(_ configuration: ServerConfiguration) {
        RunFile.remove(in: configuration.dataDirectory)
    }
}
