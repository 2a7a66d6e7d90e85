package import MartletBase

/// One target of a policy: the other end of an attachment, stored under the policy so that its targets are one scan.
package struct PolicyTargetRecord: Hashable, Sendable {
    package let policyName: String
    /// The target as the API writes it, such as a certificate's ARN.
    package let target: String
    package let attachedDate: WallInstant

    package init(policyName: String, target: String, attachedDate: WallInstant) {
        self.policyName = policyName
        self.target = target
        self.attachedDate = attachedDate
    }

    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("policy target", json)
        self.init(
            policyName: try reader.string("policyName"), target: try reader.string("target"),
            attachedDate: try reader.instant("attachedDate"))
    }

    package var json: JSONValue {
        ["policyName": .string(policyName), "target": .string(target), "attachedDate": attachedDate.json]
    }
}
