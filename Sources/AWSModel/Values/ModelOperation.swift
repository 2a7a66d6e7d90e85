/// A generated operation: its types, and its name in the model.
package protocol ModelOperation: Sendable {
    associatedtype Input: ModelStructure
    associatedtype Output: ModelStructure
    static var service: Service { get }
    static var name: String { get }
}

extension ModelOperation {
    package static var descriptor: OperationDescriptor { ShapeTable.of(service).operation(name) }
}
