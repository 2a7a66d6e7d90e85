/// The model of one service, read once from its generated text when it is first asked for. (Array literals of a few
/// thousand shapes take the compiler minutes; reading the text takes milliseconds.)
///
/// One record a line, words separated by one space:
///
///     operation NAME METHOD URI INPUT OUTPUT STATUS ERROR,ERROR      (- for none)
///     error NAME STATUS
///     string NAME min=1 max=128 sensitive enum=A,B pattern=[a-z]+
///     boolean | integer | long | double | timestamp | blob NAME ...
///     list NAME ELEMENT min=0 max=50
///     map NAME KEY VALUE
///     structure NAME payload=MEMBER
///     .MEMBER SHAPE required jsonvalue uri=NAME | query=NAME | header=NAME | status=NAME
package final class ShapeTable: Sendable {
    static let emptyShapeName = "-"

    private static let iot = ShapeTable(.iot, IoT.table)
    private static let iotData = ShapeTable(.iotData, IoTData.table)
    private static let iotJobsData = ShapeTable(.iotJobsData, IoTJobsData.table)
    private static let secureTunneling = ShapeTable(.secureTunneling, SecureTunneling.table)

    package static func of(_ service: Service) -> ShapeTable {
        switch service {
        case .iot: iot
        case .iotData: iotData
        case .iotJobsData: iotJobsData
        case .secureTunneling: secureTunneling
        }
    }

    package let service: Service
    /// By name.
    package let operations: [OperationDescriptor]
    /// The HTTP status of each modelled exception.
    package let errorStatuses: [String: Int]
    let routes: RouteNode
    private let shapes: [String: Shape]
    private let operationsByName: [String: OperationDescriptor]

    private init(_ service: Service, _ text: String) {
        var reader = ShapeTableReader(service: service)
        reader.read(text)
        self.service = service
        operations = reader.operations
        operationsByName = Dictionary(uniqueKeysWithValues: reader.operations.map { ($0.name, $0) })
        errorStatuses = reader.errorStatuses
        shapes = reader.shapes
        routes = RouteNode(service == .secureTunneling ? [] : reader.operations)
    }

    package func operation(named name: some StringProtocol) -> OperationDescriptor? { operationsByName[String(name)] }

    /// The operation of a generated type, which exists because both were generated together.
    func operation(_ name: String) -> OperationDescriptor {
        guard let operation = operationsByName[name] else { preconditionFailure("no operation \(name) in \(service)") }
        return operation
    }

    package func shape(named name: String) -> Shape? { shapes[name] }

    /// The shape that another shape names; a test looks every such name up.
    func shape(_ name: String) -> Shape {
        guard let shape = shapes[name] else { preconditionFailure("no shape \(name) in \(service)") }
        return shape
    }

    package var shapeNames: [String] { shapes.keys.sorted() }
}
