import ArgumentParser
import MartletServer

/// What an operator does with a data directory.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Look into a data directory, check it, compact it, and save what is whole of a damaged one.",
        subcommands: [Stats.self, Check.self, Compact.self, Salvage.self])

    struct Place: ParsableArguments {
        @Option(help: "The data directory. Else MARTLET_DATA_DIR, else ./martlet-data.")
        var dataDir: String?

        func find() throws(ServerFailure) -> StorePlace { try StorePlace(dataDir: dataDir) }
    }

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what is there. Also beside a running server; changes nothing.")

        @OptionGroup var place: Place

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() throws {
            let stats = try StoreStats(place.find())
            Console.answer(json ? "\(stats.json)\n" : stats.text)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every byte and print what is wrong, and where. Also beside a running server; changes nothing.",
            discussion: "Exit code 0: nothing is wrong. 1: something is. 3: it is no data directory that can be read.")

        @OptionGroup var place: Place

        func run() throws {
            let check = try StoreCheck(place.find())
            Console.answer(check.text)
            if check.problemCount > 0 { throw ExitCode(1) }
        }
    }

    struct Compact: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give back the room that nothing in the log and the database needs. Only without a server.")

        @OptionGroup var place: Place

        func run() async throws { Console.answer(try await StoreCompact(place.find()).text) }
    }

    struct Salvage: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy all that is whole into a new directory and print what was lost. The old one is only read.",
            discussion: "Exit code 0: nothing was lost. 1: something was, or the new directory could not be written.")

        @OptionGroup var place: Place

        @Option(help: "The new data directory: absent or empty.")
        var into: String

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() throws {
            let salvage = try StoreSalvage(place.find(), into: into)
            Console.answer(json ? "\(salvage.json)\n" : salvage.text)
            if !salvage.isNothingLost { throw ExitCode(1) }
        }
    }
}
