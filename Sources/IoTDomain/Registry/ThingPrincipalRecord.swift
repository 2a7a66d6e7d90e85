package import MartletBase

/// Whether a principal may be attached to other things too. The raw values are the API's and the store's.
package enum ThingPrincipalType: String, Hashable, Sendable {
    case exclusive = "EXCLUSIVE_THING"
    case nonExclusive = "NON_EXCLUSIVE_THING"
}

/// A principal attached to a thing. It is stored twice, once under each end, so that both lists are one scan.
package struct ThingPrincipalRecord: Hashable, Sendable {
    package let thingName: String
    /// The principal as the API writes it, such as a certificate's ARN.
    package let principal: String
    package let type: ThingPrincipalType
    package let attachedDate: WallInstant

    package init(thingName: String, principal: String, type: ThingPrincipalType, attachedDate: WallInstant) {
        self.thingName = thingName
        self.principal = principal
        self.type = type
        self.attachedDate = attachedDate
    }

    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("thing principal", json)
        self.init(
            thingName: try reader.string("thingName"), principal: try reader.string("principal"),
            type: try reader.choice("type"), attachedDate: try reader.instant("attachedDate"))
    }

    package var json: JSONValue {
        [
            "thingName": .string(thingName), "principal": .string(principal), "type": .string(type.rawValue),
            "attachedDate": attachedDate.json,
        ]
    }
}
