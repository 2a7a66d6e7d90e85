import ArgumentParser
import MartletServer

/// Writes docs/coverage.md: `martlet coverage > docs/coverage.md`.
struct CoverageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage", abstract: "Print which AWS operations are built.", shouldDisplay: false)

    func run() { Console.answer(CoveragePage.text) }
}
