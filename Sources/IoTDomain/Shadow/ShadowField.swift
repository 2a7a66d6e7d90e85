package import MartletBase

/// What a name stands for in a section.
package enum ShadowField: Hashable, Sendable {
    /// A scalar or an array, and when it was last set. Arrays are values: they are replaced whole.
    case value(JSONValue, timestampSeconds: Int64)
    case object(ShadowSection)

    var section: ShadowSection? { if case .object(let section) = self { section } else { nil } }

    var state: JSONValue {
        switch self {
        case .value(let value, _): value
        case .object(let section): section.state
        }
    }

    var metadata: JSONValue {
        switch self {
        case .value(let value, let timestamp): Self.metadata(of: value, ["timestamp": .int(timestamp)])
        case .object(let section): section.metadata
        }
    }

    /// An array has a timestamp for each of its scalars, in their places (shadows.md section 6).
    private static func metadata(of value: JSONValue, _ timestamp: JSONValue) -> JSONValue {
        switch value {
        case .array(let values): .array(values.map { metadata(of: $0, timestamp) })
        case .object(let object): .object(JSONObject(object.map { ($0.name, metadata(of: $0.value, timestamp)) }))
        default: timestamp
        }
    }

    /// This field, or what of it differs; nil when nothing does.
    func difference(from other: ShadowField?) -> ShadowField? {
        switch (self, other) {
        case (.object(let one), .object(let other)):
            let difference = one.difference(from: other)
            return difference.isEmpty ? nil : .object(difference)
        case (.value(let one, _), .value(let other, _)): return one.isSame(as: other) ? nil : self
        default: return self
        }
    }
}
