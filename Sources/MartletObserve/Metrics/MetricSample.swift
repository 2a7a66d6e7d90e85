/// One number of a metric family, told apart from the others by its labels.
package struct MetricSample: Hashable, Sendable {
    package struct Label: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package enum Value: Hashable, Sendable {
        case integer(UInt64)
        case double(Double)
    }

    package let labels: [Label]
    package let value: Value

    package init(_ labels: [Label], _ value: UInt64) {
        self.labels = labels
        self.value = .integer(value)
    }

    package init(_ value: UInt64) { self.init([], value) }

    package init(_ labels: [Label] = [], seconds: Double) {
        self.labels = labels
        self.value = .double(seconds)
    }
}
