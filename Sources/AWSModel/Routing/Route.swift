/// The operation that a method and a path mean, and the decoded labels of the path by name.
package struct Route: Sendable {
    package let operation: OperationDescriptor
    package let labels: [String: String]

    init(_ operation: OperationDescriptor, _ labels: [String]) {
        self.operation = operation
        self.labels = Dictionary(zip(operation.labelNames, labels)) { first, _ in first }
    }
}
