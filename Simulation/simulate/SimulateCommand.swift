import Glibc
import Simulation

/// `simulate [--seeds N] [--first N] [--mode kills|power|crashes|faults|damage|lies] [--trace | --disk]`: runs seeds on all cores,
/// prints the story of the first that fails and the names of the others, and says by its exit code whether any has. Without a
/// mode the seeds are shared out among those that must hold.
struct SimulateCommand {
    private var seeds: UInt64 = 1000
    private var first: UInt64 = 1
    private var modes: [SimulationOptions.Mode] = [.kills, .power, .crashes, .faults, .damage]
    /// `--trace`: stories of seeds that go well are printed too. `--disk`: with the disk's operations.
    private var isTraced = false
    private var tracesDisk = false
    private var problem: String?

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--seeds": seeds = number(&rest)
            case "--first": first = number(&rest)
            case "--mode": setMode(rest.popFirst() ?? "")
            case "--trace": isTraced = true
            case "--disk":
                isTraced = true
                tracesDisk = true
            default: problem = "there is no option \(argument)"
            }
        }
    }

    private mutating func number(_ rest: inout ArraySlice<String>) -> UInt64 {
        if let number = rest.popFirst().flatMap({ UInt64($0) }) { return number }
        problem = "a number is missing"
        return 0
    }

    private mutating func setMode(_ name: String) {
        guard let mode = SimulationOptions.Mode(rawValue: name) else { return problem = "there is no mode \(name)" }
        modes = [mode]
    }

    func run() async -> Int32 {
        if let problem {
            print("simulate: \(problem)")
            return 2
        }
        runAgainDeterministically()
        var hasFailed = false
        if first == 1, modes.count > 1 {
            for known in KnownSeeds.all { hasFailed = await run(known.seeds, known.mode, "known") || hasFailed }
        }
        let share = (seeds + UInt64(modes.count) - 1) / UInt64(modes.count)
        for mode in modes { hasFailed = await run(Array(first..<first + share), mode, mode.rawValue) || hasFailed }
        return hasFailed ? 1 : 0
    }

    /// Whether any has failed.
    private func run(_ seeds: [UInt64], _ mode: SimulationOptions.Mode, _ name: String) async -> Bool {
        var options = SimulationOptions(mode)
        options.tracesDisk = tracesDisk
        var totals = SimulationTotals(name)
        await withTaskGroup(of: SimulationReport.self) { [options] group in
            var rest = seeds[...]
            for seed in rest.prefix(sysconf(Int32(_SC_NPROCESSORS_ONLN))) { group.addTask { Simulation.run(seed: seed, options: options) } }
            rest = rest.dropFirst(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            for await report in group {
                if let seed = rest.popFirst() { group.addTask { Simulation.run(seed: seed, options: options) } }
                if isTraced || !report.isGood && totals.failures == 0 { print(report.story) }
                totals.add(report)
            }
        }
        totals.tell()
        return totals.failures > 0
    }

    /// The standard library's hashes differ from process to process, and with them the loop that a client id belongs to. A
    /// seed means the same only where they do not.
    private func runAgainDeterministically() {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
    }
}
