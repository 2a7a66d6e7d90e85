import Synchronization

/// Counts by label for what happens off the hot path: HTTP requests, failed handshakes, refused sign-ins. The hot path
/// keeps plain integers in structs of its own, which their owners turn into families when they are asked.
package final class CounterSet: Sendable {
    /// How many label combinations are told apart. Those that come later are counted together, with `other` in each
    /// label, so no client can make the set grow.
    package static let seriesMax = 2_000
    private static let overflow = "other"

    private let name: String
    private let help: String
    private let labelNames: [String]
    private let counts = Mutex<[[String]: UInt64]>([:])

    package init(_ name: String, help: String, labels: [String]) {
        self.name = name
        self.help = help
        self.labelNames = labels
    }

    /// Counts one under the label values, given in the order of the labels' names.
    package func increment(_ labelValues: String..., by amount: UInt64 = 1) {
        precondition(labelValues.count == labelNames.count, "\(name) has the labels \(labelNames)")
        counts.withLock { counts in
            let known = counts[labelValues] != nil || counts.count < Self.seriesMax
            counts[known ? labelValues : labelNames.map { _ in Self.overflow }, default: 0] += amount
        }
    }

    /// All counts so far, in the order of their label values.
    package func family() -> MetricFamily {
        let samples = counts.withLock { $0 }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { values, count in MetricSample(zip(labelNames, values).map(MetricSample.Label.init), count) }
        return MetricFamily(name, .counter, help: help, samples: samples)
    }
}
