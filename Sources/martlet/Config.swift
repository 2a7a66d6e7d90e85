import ArgumentParser
import MartletServer

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the configuration.", subcommands: [Print.self])

    struct Print: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what is in force and why, or with --defaults the manual of all keys.")

        @Flag(help: "Every key with its unit, default, and whether it reloads live.")
        var defaults = false

        @Argument(parsing: .allUnrecognized, help: "Configuration flags, as for serve.")
        var settings: [String] = []

        func run() throws {
            if defaults {
                guard settings.isEmpty else { throw ServerFailure.usage("--defaults goes with no other flag") }
                Console.answer(ConfigurationManual.defaults())
                return
            }
            let values = try ResolvedConfiguration(.process(arguments: settings))
            _ = try ServerConfiguration(values)
            Console.answer(ConfigurationManual.effective(values))
        }
    }
}
