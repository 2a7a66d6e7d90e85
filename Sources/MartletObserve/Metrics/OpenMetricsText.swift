/// The text form that `/metrics` answers with (OpenMetrics 1.0), which Prometheus reads.
package enum OpenMetricsText {
    package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    package static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families { append(family, to: &text) }
        return text + "# EOF\n"
    }

    private static func append(_ family: MetricFamily, to text: inout String) {
        text += "# HELP \(family.name) \(escaped(family.help, quote: false))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
        for sample in family.samples {
            text += family.name + suffix(family.kind) + labels(sample.labels) + " " + number(sample.value) + "\n"
        }
    }

    private static func suffix(_ kind: MetricFamily.Kind) -> String {
        switch kind {
        case .counter: "_total"
        case .gauge: ""
        case .info: "_info"
        }
    }

    private static func labels(_ labels: [MetricSample.Label]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escaped($0.value, quote: true))\"" }.joined(separator: ",") + "}"
    }

    private static func number(_ value: MetricSample.Value) -> String {
        switch value {
        case .integer(let value): String(value)
        case .double(let value) where value.isNaN: "NaN"
        case .double(let value) where value.isInfinite: value < 0 ? "-Inf" : "+Inf"
        case .double(let value): String(value)
        }
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
