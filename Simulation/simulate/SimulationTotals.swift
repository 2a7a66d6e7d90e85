import Glibc
import Simulation

/// What many seeds have come to.
struct SimulationTotals {
    private let name: String
    private let begin = SimulationTotals.now()
    private var (seeds, steps, starts, acknowledged, refusals) = (0, 0, 0, 0, 0)
    private var failed: [SimulationReport] = []

    init(_ name: String) { self.name = name }

    var failures: Int { failed.count }

    mutating func add(_ report: SimulationReport) {
        seeds += 1
        steps += report.steps
        starts += report.starts
        acknowledged += report.acknowledged
        if report.refusal != nil { refusals += 1 }
        if !report.isGood { failed.append(report) }
    }

    func tell() {
        for report in failed.sorted(by: { $0.seed < $1.seed }) { print("seed \(report.seed): \(report.violations[0])") }
        let tenths = max(1, Int((Self.now() - begin) * 10))
        print(
            "-- simulation, \(name): \(seeds) seeds, \(steps) steps, \(starts) starts, \(acknowledged) acknowledged messages, "
                + "\(refusals) refusals of damage, \(failures) failures; \(tenths / 10).\(tenths % 10) s, \(seeds * 10 / tenths) seeds/s")
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
