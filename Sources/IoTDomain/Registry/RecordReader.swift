internal import MartletBase

/// Reads the members of a stored record. Unknown members are left alone, so that a newer minor form stays readable.
struct RecordReader {
    let record: String
    let members: JSONObject

    init(_ record: String, _ json: JSONValue) throws(RecordFormatError) {
        guard let members = json.objectValue else { throw RecordFormatError(record: record, member: "") }
        self.record = record
        self.members = members
    }

    func string(_ name: String) throws(RecordFormatError) -> String {
        guard let value = members[name]?.stringValue else { throw missing(name) }
        return value
    }

    func optionalString(_ name: String) throws(RecordFormatError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.stringValue else { throw missing(name) }
        return text
    }

    func int(_ name: String) throws(RecordFormatError) -> Int {
        guard let value = members[name]?.numberValue?.int else { throw missing(name) }
        return value
    }

    func instant(_ name: String) throws(RecordFormatError) -> WallInstant {
        WallInstant(millisecondsSinceEpoch: Int64(try int(name)))
    }

    func choice<Choice: RawRepresentable<String>>(_ name: String) throws(RecordFormatError) -> Choice {
        guard let value = Choice(rawValue: try string(name)) else { throw missing(name) }
        return value
    }

    func stringMap(_ name: String) throws(RecordFormatError) -> [String: String] {
        guard let object = members[name]?.objectValue else { throw missing(name) }
        var map: [String: String] = [:]
        for member in object {
            guard let value = member.value.stringValue else { throw missing(name) }
            map[member.name] = value
        }
        return map
    }

    func list(_ name: String) throws(RecordFormatError) -> [JSONValue] {
        guard let values = members[name]?.arrayValue else { throw missing(name) }
        return values
    }

    func missing(_ name: String) -> RecordFormatError { RecordFormatError(record: record, member: name) }
}

extension WallInstant {
    /// How records store time: whole milliseconds since the epoch.
    var json: JSONValue { .int(millisecondsSinceEpoch) }
}
