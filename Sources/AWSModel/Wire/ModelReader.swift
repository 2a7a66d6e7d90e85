import MartletBase

/// Turns wire text into typed values by shape. What has the wrong type is collected, not thrown, so that one answer
/// names all of it. Depth is bounded by the model: the generator refuses recursive shapes.
struct ModelReader {
    let table: ShapeTable
    private(set) var violations = ConstraintViolations()

    init(_ table: ShapeTable) { self.table = table }

    /// The members of a JSON object that the structure has; unknown members and nulls are left out.
    mutating func structure(
        _ object: JSONObject, _ members: some Sequence<Shape.Member>, at path: String
    ) -> ModelObject {
        var result = ModelObject()
        for member in members {
            guard let json = object[member.name], !json.isNull else { continue }
            let memberPath = path.isEmpty ? member.name : "\(path).\(member.name)"
            result[member.name] = value(json, table.shape(member.shape), at: memberPath)
        }
        return result
    }

    mutating func value(_ json: JSONValue, _ shape: Shape, at path: String) -> ModelValue? {
        switch (shape.kind, json) {
        case (.structure(let members), .object(let object)): return .structure(structure(object, members, at: path))
        case (.list(let element), .array(let values)): return list(values, table.shape(element), at: path)
        case (.map(_, let value), .object(let object)): return map(object, table.shape(value), at: path)
        default:
            if let scalar = Self.scalar(json, shape.kind) { return scalar }
            let shown = shape.isSensitive ? "***" : json.isNull ? nil : json.stringValue ?? JSONWriter.text(json)
            violations.add(path, shown, json.isNull ? "Member must not be null" : Self.typeConstraint(shape.kind))
            return nil
        }
    }

    private mutating func list(_ values: [JSONValue], _ element: Shape, at path: String) -> ModelValue {
        var result: [ModelValue] = []
        for (index, json) in values.enumerated() {
            guard !violations.isFull else { break }
            if let value = value(json, element, at: "\(path).\(index + 1).member") { result.append(value) }
        }
        return .list(result)
    }

    private mutating func map(_ object: JSONObject, _ element: Shape, at path: String) -> ModelValue {
        var result: [String: ModelValue] = [:]
        for member in object {
            guard !violations.isFull else { break }
            result[member.name] = value(member.value, element, at: "\(path).\(member.name)")
        }
        return .map(result)
    }

    private static func scalar(_ json: JSONValue, _ kind: Shape.Kind) -> ModelValue? {
        switch (kind, json) {
        case (.string, .string(let text)): .string(text)
        case (.boolean, .bool(let flag)): .boolean(flag)
        case (.integer, .number(let number)): number.int.flatMap { Int32(exactly: $0) }.map { .integer(Int($0)) }
        case (.long, .number(let number)): number.int.map(ModelValue.integer)
        case (.double, .number(let number)): number.double.isFinite ? .double(number.double) : nil
        case (.timestamp, .number(let number)):
            Timestamp.instant(secondsSinceEpoch: number.double).map(ModelValue.timestamp)
        case (.blob, .string(let text)): Base64.bytes(text).map(ModelValue.blob)
        default: nil
        }
    }

    /// A value from a path label, a query parameter or a header.
    mutating func value(_ text: String, _ shape: Shape, at path: String) -> ModelValue? {
        let value: ModelValue? =
            switch shape.kind {
            case .string: .string(text)
            case .boolean: ["true": true, "false": false][text.lowercased()].map(ModelValue.boolean)
            case .integer: Int32(text).map { .integer(Int($0)) }
            case .long: Int(text).map(ModelValue.integer)
            case .double: Double(text).flatMap { $0.isFinite ? .double($0) : nil }
            case .timestamp: Timestamp.instant(text).map(ModelValue.timestamp)
            case .blob, .list, .map, .structure: nil
            }
        if value == nil { violations.add(path, shape.isSensitive ? "***" : text, Self.typeConstraint(shape.kind)) }
        return value
    }

    /// A header that holds Base64 of JSON. A client that was given a string and not a list wraps the JSON in a JSON
    /// string first, so it is unwrapped once (api-wire.md section 2).
    mutating func jsonValue(_ text: String, at path: String) -> ModelValue? {
        if let bytes = Base64.bytes(text), let outer = try? JSONParser.parse(bytes) {
            guard let inner = outer.stringValue else { return .string(JSONWriter.text(outer)) }
            if (try? JSONParser.parse(inner)) != nil { return .string(inner) }
        }
        violations.add(path, text, "Member must be Base64-encoded JSON")
        return nil
    }

    private static func typeConstraint(_ kind: Shape.Kind) -> String {
        switch kind {
        case .string: "Member must be a string"
        case .boolean: "Member must be true or false"
        case .integer: "Member must be a 32-bit integer"
        case .long: "Member must be a 64-bit integer"
        case .double: "Member must be a number"
        case .timestamp: "Member must be a timestamp"
        case .blob: "Member must be Base64-encoded"
        case .list: "Member must be a list"
        case .map, .structure: "Member must be an object"
        }
    }
}
