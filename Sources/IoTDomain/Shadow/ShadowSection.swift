package import MartletBase

/// The fields of `desired` or `reported`, or of an object within them. Each value carries its timestamp, so state and
/// metadata cannot come apart. Written out, fields stand in the order of their names.
package struct ShadowSection: Hashable, Sendable {
    package internal(set) var fields: [String: ShadowField] = [:]

    package init() {}

    package var isEmpty: Bool { fields.isEmpty }
    package var state: JSONValue { object(\.state) }
    package var metadata: JSONValue { object(\.metadata) }

    func object(_ value: (ShadowField) -> JSONValue) -> JSONValue {
        .object(JSONObject(fields.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) }))
    }

    /// Takes over what the patch says; null removes a field (shadows.md section 4 "Merge algorithm").
    mutating func merge(_ patch: JSONObject, rules: ShadowRules, nowSeconds: Int64) {
        for member in patch {
            fields[member.name] = Self.merge(
                member.value, into: fields[member.name], rules: rules, nowSeconds: nowSeconds)
        }
    }

    private static func merge(
        _ value: JSONValue, into present: ShadowField?, rules: ShadowRules, nowSeconds: Int64
    ) -> ShadowField? {
        switch value {
        case .null: return nil
        case .object(let patch):
            var section = present?.section ?? ShadowSection()
            section.merge(patch, rules: rules, nowSeconds: nowSeconds)
            return section.isEmpty && !rules.keepsEmptyObjects ? nil : .object(section)
        default: return .value(value, timestampSeconds: nowSeconds)
        }
    }

    /// The fields whose values are absent from the other section or differ there, with their own timestamps
    /// (shadows.md section 6).
    package func difference(from other: ShadowSection) -> ShadowSection {
        var difference = ShadowSection()
        for (name, field) in fields {
            difference.fields[name] = field.difference(from: other.fields[name])
        }
        return difference
    }
}
