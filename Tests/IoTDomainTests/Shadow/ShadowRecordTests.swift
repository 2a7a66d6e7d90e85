import IoTDomain
import MartletBase
import Testing

@Suite("Shadow records")
struct ShadowRecordTests {
    private let updated = """
        {"format":1,"document":{"version":2,"timestamp":20,"desired":{"fan":{"rpm":[9.0,20]},"tags":[["a"],10]}},\
        "previous":{"version":1,"timestamp":10,"reported":{"o":{}}},"clientToken":"t"}
        """
    private let deleted = #"{"format":1,"deleted":{"version":2,"timestamp":20}}"#

    @Test("A record is read and written the same")
    func roundTrip() throws {
        for text in [updated, deleted] {
            #expect(String(decoding: try ShadowRecord(bytes: Array(text.utf8)).bytes, as: UTF8.self) == text)
        }
    }

    @Test("What a crash left unsent is what would have been sent")
    func repair() throws {
        let name = try ShadowName(thing: "lamp")
        let request = try ShadowUpdateRequest.parse(
            Array(#"{"state":{"desired":{"a":1}},"clientToken":"u"}"#.utf8))
        let change = try Shadow(name: name, record: nil).update(request, nowSeconds: 10)
        let read = try ShadowRecord(bytes: change.record.bytes)
        #expect(read.repairMessages() == Array(change.messages().dropFirst()))
        #expect(read.repairMessages().map(\.response) == [.updateDelta, .updateDocuments])
        let removal = try Shadow(name: name, record: read).delete(.init(clientToken: "d"), nowSeconds: 20)
        #expect(try ShadowRecord(bytes: removal.record.bytes).repairMessages() == removal.messages())
        #expect(removal.messages().map(\.response) == [.deleteAccepted])
    }

    @Test("A tombstone is kept for 48 hours, a document for ever")
    func expiry() throws {
        let tombstone = try ShadowRecord(bytes: Array(deleted.utf8))
        #expect(!tombstone.isExpired(nowSeconds: 20 + 48 * 3600))
        #expect(tombstone.isExpired(nowSeconds: 21 + 48 * 3600))
        #expect(tombstone.version == 2)
        #expect(tombstone.changedAtSeconds == 20)
        let document = try ShadowRecord(bytes: Array(updated.utf8))
        #expect(!document.isExpired(nowSeconds: 1 << 40))
        #expect(document.version == 2)
        #expect(document.changedAtSeconds == 20)
    }

    static let bad: [(String, String, String)] = [
        ("no json", "shadow", ""),
        ("[]", "shadow", ""),
        (#"{"document":{"version":1,"timestamp":1}}"#, "shadow", "format"),
        (#"{"format":2,"document":{"version":1,"timestamp":1}}"#, "shadow", "format"),
        (#"{"format":1}"#, "shadow", "document"),
        (#"{"format":1,"document":{"version":1,"timestamp":1},"clientToken":1}"#, "shadow", "clientToken"),
        (#"{"format":1,"document":1}"#, "shadow document", ""),
        (#"{"format":1,"document":{"version":0,"timestamp":1}}"#, "shadow document", "version"),
        (#"{"format":1,"document":{"version":9223372036854775807,"timestamp":1}}"#, "shadow document", "version"),
        (#"{"format":1,"document":{"version":1,"timestamp":-1}}"#, "shadow document", "timestamp"),
        (#"{"format":1,"document":{"version":1,"timestamp":1,"desired":[]}}"#, "shadow document", "desired"),
        (#"{"format":1,"document":{"version":1,"timestamp":1,"reported":{"a":1}}}"#, "shadow document", "reported"),
        (#"{"format":1,"document":{"version":1,"timestamp":1,"reported":{"a":[1]}}}"#, "shadow document", "reported"),
        (
            #"{"format":1,"document":{"version":1,"timestamp":1},"previous":{"timestamp":1}}"#, "shadow document",
            "version"
        ),
        (#"{"format":1,"deleted":{"version":1}}"#, "deleted shadow", "timestamp"),
    ]

    @Test("What is no record is refused with the member that is wrong", arguments: bad)
    func badRecord(text: String, record: String, member: String) {
        #expect(throws: RecordFormatError(record: record, member: member)) {
            try ShadowRecord(bytes: Array(text.utf8))
        }
    }
}
