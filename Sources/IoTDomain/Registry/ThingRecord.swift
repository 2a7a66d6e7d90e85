package import MartletBase

/// A thing as it is stored. Its ARN follows from its name and the realm.
package struct ThingRecord: Hashable, Sendable {
    package let name: String
    /// `thingId`, a UUID that tells this thing from an earlier one of the same name.
    package let id: String
    package var typeName: String?
    package var attributes: [String: String]
    package var billingGroupName: String?
    /// 1 after creation, one more with each UpdateThing (terraform-iot.md "Drift traps").
    package var version: Int

    package init(
        name: String, id: String, typeName: String? = nil, attributes: [String: String] = [:],
        billingGroupName: String? = nil, version: Int = 1
    ) {
        self.name = name
        self.id = id
        self.typeName = typeName
        self.attributes = attributes
        self.billingGroupName = billingGroupName
        self.version = version
    }

    package func arn(in realm: Realm) -> ARN { realm.arn("thing", name) }
}

extension ThingRecord {
    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("thing", json)
        self.init(
            name: try reader.string("name"), id: try reader.string("id"),
            typeName: try reader.optionalString("typeName"), attributes: try reader.stringMap("attributes"),
            billingGroupName: try reader.optionalString("billingGroupName"), version: try reader.int("version"))
    }

    package var json: JSONValue {
        var object: JSONObject = ["name": .string(name), "id": .string(id)]
        object["typeName"] = typeName.map(JSONValue.string)
        object["attributes"] = .object(
            JSONObject(attributes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        object["billingGroupName"] = billingGroupName.map(JSONValue.string)
        object["version"] = .int(version)
        return .object(object)
    }
}
