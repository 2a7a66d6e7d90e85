import MartletBase

/// Checks a typed value against the constraints of its shape: required members, lengths, ranges, patterns and
/// enumerations. Lengths of strings are counted in characters (Unicode scalar values), as the models mean them.
struct Validator {
    let table: ShapeTable
    private(set) var violations = ConstraintViolations()

    init(_ table: ShapeTable) { self.table = table }

    mutating func check(_ object: ModelObject, _ shape: Shape, at path: String = "") {
        for member in shape.members {
            guard !violations.isFull else { return }
            let memberPath = path.isEmpty ? member.name : "\(path).\(member.name)"
            if let value = object[member.name] {
                check(value, table.shape(member.shape), at: memberPath)
            } else if member.isRequired {
                violations.add(memberPath, nil, "Member must not be null")
            }
        }
    }

    private mutating func check(_ value: ModelValue, _ shape: Shape, at path: String) {
        if let constraint = Self.brokenConstraint(value, shape) {
            violations.add(path, shape.isSensitive ? "***" : Self.shown(value), constraint)
        }
        switch (value, shape.kind) {
        case (.structure(let object), _): check(object, shape, at: path)
        case (.list(let values), .list(let element)):
            let element = table.shape(element)
            for (index, value) in values.enumerated() where !violations.isFull {
                check(value, element, at: "\(path).\(index + 1).member")
            }
        case (.map(let values), .map(let key, let value)):
            check(values, table.shape(key), table.shape(value), isSensitive: shape.isSensitive, at: path)
        default: break
        }
    }

    /// AWS names the map and not the entry, and wraps the constraint.
    private mutating func check(
        _ values: [String: ModelValue], _ key: Shape, _ element: Shape, isSensitive: Bool, at path: String
    ) {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where !violations.isFull {
            let shown = isSensitive ? "***" : "{\(name)=\(element.isSensitive ? "***" : Self.shown(value))}"
            if let constraint = Self.brokenConstraint(.string(name), key) {
                violations.add(path, shown, "Map keys must satisfy constraint: [\(constraint)]")
            }
            if case .structure(let object) = value {
                check(object, element, at: "\(path).\(name)")
            } else if case .list = value {
                check(value, element, at: "\(path).\(name)")
            } else if let constraint = Self.brokenConstraint(value, element) {
                violations.add(path, shown, "Map value must satisfy constraint: [\(constraint)]")
            }
        }
    }

    private static func brokenConstraint(_ value: ModelValue, _ shape: Shape) -> String? {
        switch value {
        case .string(let text): brokenLength(text.unicodeScalars.count, shape) ?? brokenText(text, shape)
        case .integer(let number): brokenRange(Double(number), shape, "value")
        case .double(let number): brokenRange(number, shape, "value")
        case .blob(let bytes): brokenLength(bytes.count, shape)
        case .list(let values): brokenLength(values.count, shape)
        case .map(let values): brokenLength(values.count, shape)
        case .boolean, .timestamp, .structure: nil
        }
    }

    private static func brokenLength(_ length: Int, _ shape: Shape) -> String? {
        brokenRange(Double(length), shape, "length")
    }

    private static func brokenRange(_ number: Double, _ shape: Shape, _ what: String) -> String? {
        if let maximum = shape.maximum, number > maximum {
            return "Member must have \(what) less than or equal to \(JSONNumber(maximum))"
        }
        if let minimum = shape.minimum, number < minimum {
            return "Member must have \(what) greater than or equal to \(JSONNumber(minimum))"
        }
        return nil
    }

    private static func brokenText(_ text: String, _ shape: Shape) -> String? {
        if !shape.enumeration.isEmpty, !shape.enumeration.contains(text) {
            return "Member must satisfy enum value set: [\(shape.enumeration.joined(separator: ", "))]"
        }
        if let pattern = shape.pattern, !pattern.matches(text) {
            return "Member must satisfy regular expression pattern: \(pattern.pattern)"
        }
        return nil
    }

    private static func shown(_ value: ModelValue) -> String {
        switch value {
        case .string(let text): text
        case .boolean(let flag): String(flag)
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .timestamp(let instant): instant.iso8601
        case .blob(let bytes): "[\(bytes.count) bytes]"
        case .list(let values): "[\(values.count) elements]"
        case .map(let values): "{\(values.count) entries}"
        case .structure: "{...}"
        }
    }
}
