/// One metric with all its samples, as `/metrics` shows it.
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// Only rises. Its samples are rendered with the suffix `_total`.
        case counter
        /// Goes up and down.
        case gauge
        /// Facts that do not change while the process runs. Rendered with the suffix `_info` and the value 1.
        case info
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, without the suffix that the kind adds.
    package let name: String
    package let kind: Kind
    package let help: String
    package var samples: [MetricSample]

    package init(_ name: String, _ kind: Kind, help: String, samples: [MetricSample] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}
