import Foundation
import Simulation
import Testing

/// The whole broker on a disk that fails, against a model of what was promised. The program `simulate` runs many more seeds,
/// and the same stories each time; here every run has other hashes, and so other stories.
@Suite("The simulation")
struct SimulationTests {
    private static func number(_ name: String, _ otherwise: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? otherwise
    }

    /// Twenty seeds each, so that they share the cores.
    private static let parts: [UInt64] = Array(
        stride(from: number("MARTLET_SIMULATION_FIRST", 1), to: number("MARTLET_SIMULATION_FIRST", 1) + number("MARTLET_SIMULATION_SEEDS", 100), by: 20))

    @Test("Nothing that was acknowledged is lost, doubled or out of order", arguments: [.kills, .power, .crashes, .faults, .damage] as [SimulationOptions.Mode], parts)
    func seeds(mode: SimulationOptions.Mode, first: UInt64) {
        for seed in first..<first + 20 {
            let report = Simulation.run(seed: seed, options: SimulationOptions(mode))
            if !report.isGood { Issue.record("\(report.story)") }
        }
    }

    @Test("Seeds that once found something find nothing any more")
    func knownSeeds() {
        for (mode, seeds) in KnownSeeds.all {
            for seed in seeds {
                let report = Simulation.run(seed: seed, options: SimulationOptions(mode))
                if !report.isGood { Issue.record("\(report.story)") }
            }
        }
    }

    @Test("A disk that only says that it has synced is found out")
    func lyingDisk() {
        let reports = (1...20 as ClosedRange<UInt64>).map { Simulation.run(seed: $0, options: SimulationOptions(.lies)) }
        #expect(reports.count { !$0.isGood } > 5)
    }

    @Test("Worlds are worth something: the server is started often, and acknowledges")
    func worth() {
        let reports = (1...20 as ClosedRange<UInt64>).map { Simulation.run(seed: $0) }
        #expect(reports.reduce(0) { $0 + $1.starts } > 60)
        #expect(reports.reduce(0) { $0 + $1.acknowledged } > 200)
    }
}
