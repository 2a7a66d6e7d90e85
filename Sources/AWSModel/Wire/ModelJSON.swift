package import MartletBase

/// Typed values to and from the JSON of the wire, by shape: blobs are Base64, timestamps epoch seconds.
package enum ModelJSON {
    /// Every member of the structure, in the model's order. Members that the shape does not have are left out.
    package static func object(_ model: ModelObject, as shape: ShapeReference) -> JSONObject {
        let table = ShapeTable.of(shape.service)
        return object(model, table.shape(shape.name).members, table)
    }

    /// Reads what `object` wrote: types are checked, constraints are not.
    package static func model(
        _ json: JSONObject, as shape: ShapeReference
    ) throws(ConstraintViolations) -> ModelObject {
        let table = ShapeTable.of(shape.service)
        var reader = ModelReader(table)
        let model = reader.structure(json, table.shape(shape.name).members, at: "")
        guard reader.violations.isEmpty else { throw reader.violations }
        return model
    }

    static func object(_ model: ModelObject, _ members: some Sequence<Shape.Member>, _ table: ShapeTable) -> JSONObject
    {
        var object = JSONObject()
        for member in members {
            guard let value = model[member.name] else { continue }
            object[member.name] = json(value, table.shape(member.shape), table)
        }
        return object
    }

    private static func json(_ value: ModelValue, _ shape: Shape, _ table: ShapeTable) -> JSONValue {
        switch (value, shape.kind) {
        case (.structure(let model), _): .object(object(model, shape.members, table))
        case (.list(let values), .list(let element)): .array(list(values, table.shape(element), table))
        case (.map(let values), .map(_, let element)): .object(map(values, table.shape(element), table))
        case (.string(let text), _): .string(text)
        case (.boolean(let flag), _): .bool(flag)
        case (.integer(let number), _): .int(number)
        case (.double(let number), _): self.number(number)
        case (.timestamp(let instant), _): .double(instant.secondsSinceEpoch)
        case (.blob(let bytes), _): .string(Base64.text(bytes))
        case (.list, _), (.map, _): .null
        }
    }

    private static func list(_ values: [ModelValue], _ element: Shape, _ table: ShapeTable) -> [JSONValue] {
        values.map { json($0, element, table) }
    }

    /// By key, so that the same map always has the same bytes.
    private static func map(_ values: [String: ModelValue], _ element: Shape, _ table: ShapeTable) -> JSONObject {
        JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value, element, table)) })
    }

    /// JSON has no numbers for these three; the protocol writes them as strings.
    private static func number(_ value: Double) -> JSONValue {
        if value.isFinite { return .double(value) }
        return .string(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
    }
}
