package import MartletBase

/// The stored form. Member names never change; a form that older readers could not read gets another number.
///
///     {"format":1,"document":{"version":7,"timestamp":1710000000,"desired":{"mode":["eco",1710000000]}},
///      "previous":{…},"clientToken":"c-17"}
///     {"format":1,"deleted":{"version":7,"timestamp":1710000900}}
///
/// A field is `[value, timestamp]`, or an object of fields.
extension ShadowRecord {
    private static let format = 1

    package var bytes: [UInt8] { JSONWriter.bytes(json) }

    package init(bytes: [UInt8]) throws(RecordFormatError) {
        guard let json = try? JSONParser.parse(bytes) else { throw RecordFormatError(record: "shadow", member: "") }
        try self.init(json: json)
    }

    package var json: JSONValue {
        var object: JSONObject = ["format": .int(Self.format)]
        switch self {
        case .updated(let document, let previous, let token):
            object["document"] = document.json
            object["previous"] = previous?.json
            object["clientToken"] = token.map(JSONValue.string)
        case .deleted(let tombstone, let token):
            object["deleted"] = [
                "version": .int(tombstone.version), "timestamp": .int(tombstone.deletedAtSeconds),
            ]
            object["clientToken"] = token.map(JSONValue.string)
        }
        return .object(object)
    }

    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("shadow", json)
        guard try reader.int("format") == Self.format else { throw reader.missing("format") }
        let token = try reader.optionalString("clientToken")
        if let deleted = reader.members["deleted"] {
            let reader = try RecordReader("deleted shadow", deleted)
            let tombstone = ShadowTombstone(
                version: try reader.version(), deletedAtSeconds: try reader.timestamp())
            self = .deleted(tombstone, clientToken: token)
        } else {
            guard let document = reader.members["document"] else { throw reader.missing("document") }
            var previous: ShadowDocument?
            if let json = reader.members["previous"] { previous = try ShadowDocument(json: json) }
            self = .updated(try ShadowDocument(json: document), previous: previous, clientToken: token)
        }
    }
}

extension ShadowDocument {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["version": .int(version), "timestamp": .int(timestampSeconds)]
        object["desired"] = desired?.json
        object["reported"] = reported?.json
        return .object(object)
    }

    fileprivate init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("shadow document", json)
        self.init(
            desired: try reader.section("desired"), reported: try reader.section("reported"),
            version: try reader.version(), timestampSeconds: try reader.timestamp())
    }
}

extension ShadowSection {
    fileprivate var json: JSONValue {
        object { field in
            switch field {
            case .value(let value, let timestampSeconds): [value, .int(timestampSeconds)]
            case .object(let section): section.json
            }
        }
    }

    /// Nil when the value is no section.
    fileprivate init?(json: JSONValue) {
        guard let members = json.objectValue else { return nil }
        fields.reserveCapacity(members.count)
        for member in members {
            guard let field = Self.field(member.value) else { return nil }
            fields[member.name] = field
        }
    }

    private static func field(_ json: JSONValue) -> ShadowField? {
        guard let pair = json.arrayValue else { return ShadowSection(json: json).map(ShadowField.object) }
        guard pair.count == 2, let timestamp = pair[1].numberValue?.int else { return nil }
        return .value(pair[0], timestampSeconds: Int64(timestamp))
    }
}

extension RecordReader {
    fileprivate func section(_ name: String) throws(RecordFormatError) -> ShadowSection? {
        guard let json = members[name] else { return nil }
        guard let section = ShadowSection(json: json) else { throw missing(name) }
        return section
    }

    fileprivate func version() throws(RecordFormatError) -> Int {
        let version = try int("version")
        guard version > 0, version < Int.max else { throw missing("version") }
        return version
    }

    fileprivate func timestamp() throws(RecordFormatError) -> Int64 {
        let seconds = Int64(try int("timestamp"))
        // Room for adding the life of a tombstone.
        guard (0...Int64.max / 2).contains(seconds) else { throw missing("timestamp") }
        return seconds
    }
}
