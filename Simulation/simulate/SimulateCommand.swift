import Glibc
import Simulation

/// `simulate [--seeds N] [--first N] [--mode crashes|kills|power|faults|damage|lies] [--trace|--disk]`: runs seeds, prints those that fail with what
/// happened, and says so by its exit code.
struct SimulateCommand {
    private var seeds: UInt64 = 1000
    private var first: UInt64 = 1
    private var options = SimulationOptions()
    private var isTraced = false
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
                options.tracesDisk = true
            default: problem = "there is no option \(argument)"
            }
        }
    }

    private mutating func number(_ rest: inout ArraySlice<String>) -> UInt64 {
        if let number = rest.popFirst().flatMap({ UInt64($0) }) { return number }
        problem = "a number is missing"
        return 0
    }

    private mutating func setMode(_ mode: String) {
        switch mode {
        case "crashes": break
        case "kills": options.powerLosses = false
        case "power": options.kills = false
        case "faults": options.faults = true
        case "damage": options.damages = true
        case "lies": options.pretendsToSync = true
        default: problem = "there is no mode \(mode)"
        }
    }

    func run() -> Int32 {
        if let problem {
            print("simulate: \(problem)")
            return 2
        }
        runAgainDeterministically()
        var failed = 0
        var (steps, starts, acknowledged, refused) = (0, 0, 0, 0)
        let begin = Self.now()
        for seed in first..<first + seeds {
            let report = Simulation.run(seed: seed, options: options)
            steps += report.steps
            starts += report.starts
            acknowledged += report.acknowledged
            if report.refusal != nil { refused += 1 }
            if !report.isGood || isTraced { tell(report) }
            if !report.isGood { failed += 1 }
        }
        let seconds = max(0.001, Self.now() - begin)
        print(
            "-- \(seeds) seeds, \(steps) steps, \(starts) starts, \(acknowledged) acknowledged messages, \(refused) refusals, \(failed) failures: "
                + "\(Int(seconds * 10) / 10).\(Int(seconds * 10) % 10) s, \(Int(Double(seeds) / seconds)) seeds/s")
        return failed == 0 ? 0 : 1
    }

    private func tell(_ report: SimulationReport) {
        if isTraced { for line in report.trace { print(line) } }
        for violation in report.violations { print("seed \(report.seed): \(violation)") }
    }

    /// The standard library's hashes differ from process to process, and with them the loop that a client id belongs to. A
    /// seed means the same only where they do not.
    private func runAgainDeterministically() {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
