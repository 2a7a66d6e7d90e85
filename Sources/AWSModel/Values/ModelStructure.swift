package import MartletBase

/// A generated structure: plain members, and the way to and from the typed tree that decoder and encoder work on.
package protocol ModelStructure: ModelConvertible, Equatable {
    /// The shape it was generated from.
    static var shape: ShapeReference { get }
    init(model: ModelObject)
    var model: ModelObject { get }
}

/// The name of a shape and the service whose model has it: the same name can mean different things in two services.
package struct ShapeReference: Hashable, Sendable {
    package let service: Service
    package let name: String

    package init(_ service: Service, _ name: String) {
        self.service = service
        self.name = name
    }
}

extension ModelStructure {
    package init?(modelValue: ModelValue) {
        guard case .structure(let object) = modelValue else { return nil }
        self.init(model: object)
    }
    package var modelValue: ModelValue { .structure(model) }
    package static var absent: Self { Self(model: ModelObject()) }

    package static func == (one: Self, other: Self) -> Bool { one.model == other.model }

    /// The structure as the wire's JSON, every member in it, wherever a request would carry it.
    package var json: JSONObject { ModelJSON.object(model, as: Self.shape) }

    /// Reads what `json` wrote. Types are checked; constraints are not, so that documents stored under an older
    /// model still load.
    package init(json: JSONObject) throws(ConstraintViolations) {
        self.init(model: try ModelJSON.model(json, as: Self.shape))
    }
}

/// The input or output of an operation that has none in the model.
package struct EmptyStructure: ModelStructure {
    package static var shape: ShapeReference { ShapeReference(.iot, ShapeTable.emptyShapeName) }
    package init() {}
    package init(model: ModelObject) {}
    package var model: ModelObject { ModelObject() }
}
