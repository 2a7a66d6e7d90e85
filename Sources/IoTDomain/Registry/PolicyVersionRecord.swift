package import MartletBase

/// One version of a policy: its document, exactly as it was sent. It never changes.
package struct PolicyVersionRecord: Hashable, Sendable {
    package let policyName: String
    /// That of the policy: it tells this version from one of an earlier policy of the same name.
    package let generationID: String
    package let number: Int
    package let document: String
    package let creationDate: WallInstant

    package init(
        policyName: String, generationID: String, number: Int, document: String, creationDate: WallInstant
    ) {
        self.policyName = policyName
        self.generationID = generationID
        self.number = number
        self.document = document
        self.creationDate = creationDate
    }

    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("policy version", json)
        self.init(
            policyName: try reader.string("policyName"), generationID: try reader.string("generationId"),
            number: try reader.int("number"), document: try reader.string("document"),
            creationDate: try reader.instant("creationDate"))
    }

    package var json: JSONValue {
        [
            "policyName": .string(policyName), "generationId": .string(generationID), "number": .int(number),
            "document": .string(document), "creationDate": creationDate.json,
        ]
    }
}
