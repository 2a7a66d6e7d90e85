package import MartletBase

/// The policies of one target, in one record: there are few, a connection reads them all at once, and their limit
/// holds because two changes of one record cannot both win.
package struct AttachedPoliciesRecord: Hashable, Sendable {
    /// Policies that one certificate may have (policies.md section 6 "Limits").
    package static let limit = 10

    /// The target as the API writes it, such as a certificate's ARN.
    package let target: String
    /// In the order of their bytes.
    package private(set) var policyNames: [String]

    package init(target: String) {
        self.target = target
        self.policyNames = []
    }

    /// AttachPolicy: the changed record, or nil when the policy is attached already.
    package func attaching(_ policyName: String) throws(RegistryRefusal) -> AttachedPoliciesRecord? {
        guard !policyNames.contains(policyName) else { return nil }
        guard policyNames.count < Self.limit else { throw .attachedPoliciesLimit(target: target, limit: Self.limit) }
        var changed = self
        changed.policyNames.append(policyName)
        changed.policyNames.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return changed
    }

    /// DetachPolicy: the changed record, or nil when the policy is not attached.
    package func detaching(_ policyName: String) -> AttachedPoliciesRecord? {
        guard policyNames.contains(policyName) else { return nil }
        var changed = self
        changed.policyNames.removeAll { $0 == policyName }
        return changed
    }
}

extension AttachedPoliciesRecord {
    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("list of attached policies", json)
        target = try reader.string("target")
        policyNames = []
        for name in try reader.list("policyNames") {
            guard let name = name.stringValue else { throw reader.missing("policyNames") }
            policyNames.append(name)
        }
    }

    package var json: JSONValue {
        ["target": .string(target), "policyNames": .array(policyNames.map(JSONValue.string))]
    }
}
