import IoTDomain
import MartletBase
import Testing

/// Properties that hold after any sequence of updates, on sequences of one seed each.
@Suite("Shadow properties")
struct ShadowPropertyTests {
    @Test("After any update metadata, delta and size agree with the state", arguments: 1...60 as ClosedRange<UInt64>)
    func properties(seed: UInt64) throws {
        var source = ShadowSamples(seed: seed)
        let name = try ShadowName(thing: "lamp")
        var record: ShadowRecord?
        for second in 1...25 as ClosedRange<Int64> {
            let change = try Shadow(name: name, record: record).update(try source.request(), nowSeconds: second)
            let document = try #require(change.record.document)
            #expect(document.version == Int(second))
            expectMirror(document.state, document.metadata, upTo: second)
            #expect(document.delta.isEmpty == isSubset(document.desired?.state, of: document.reported?.state))
            #expect(try ShadowRecord(bytes: change.record.bytes) == change.record)
            try expectDeltaCatchesUp(name, change.record)
            try expectSizeIsCounted(name, record, document)
            record = change.record
        }
    }

    /// Reporting the delta makes it empty.
    private func expectDeltaCatchesUp(_ name: ShadowName, _ record: ShadowRecord) throws {
        guard let document = record.document, !document.delta.isEmpty else { return }
        let payload: JSONValue = ["state": ["reported": document.delta.state]]
        let request = try ShadowUpdateRequest.parse(JSONWriter.bytes(payload))
        let change = try Shadow(name: name, record: record).update(request, nowSeconds: 99)
        #expect(change.record.document?.delta.isEmpty == true, "\(document.state)")
        #expect(change.record.document?.desired == document.desired)
    }

    /// Setting the whole state at once takes exactly the bytes of its sections and not one less.
    private func expectSizeIsCounted(_ name: ShadowName, _ record: ShadowRecord?, _ document: ShadowDocument) throws {
        let bytes = ["desired", "reported"].compactMap { document.state[$0] }
            .reduce(0) { $0 + JSONWriter.bytes($1).count }
        #expect(document.bytes == bytes)
        guard bytes > 0 else { return }
        let request = try ShadowUpdateRequest.parse(JSONWriter.bytes(["state": document.state]))
        let shadow = Shadow(name: name, record: nil)
        let change = try shadow.update(request, rules: ShadowRules(documentBytes: bytes), nowSeconds: 1)
        #expect(change.record.document?.state == document.state)
        #expect(throws: ShadowError(.tooLarge(bytes: bytes, limit: bytes - 1))) {
            try shadow.update(request, rules: ShadowRules(documentBytes: bytes - 1), nowSeconds: 1)
        }
    }

    private func expectMirror(_ state: JSONValue, _ metadata: JSONValue, upTo second: Int64) {
        switch state {
        case .object(let object):
            #expect(Set(object.names) == Set(metadata.objectValue?.names ?? ["no object"]))
            for member in object { expectMirror(member.value, metadata[member.name] ?? nil, upTo: second) }
        case .array(let values):
            #expect(metadata.arrayValue?.count == values.count)
            for (value, metadata) in zip(values, metadata.arrayValue ?? []) {
                expectMirror(value, metadata, upTo: second)
            }
        default:
            #expect(metadata.objectValue?.names == ["timestamp"])
            #expect((1...second).contains(Int64(metadata["timestamp"]?.numberValue?.int ?? 0)))
        }
    }

    /// Whether all of one is in the other with the same values. The samples write each number in one way only.
    private func isSubset(_ one: JSONValue?, of other: JSONValue?) -> Bool {
        guard let one else { return true }
        guard case .object(let fields) = one else { return one == other }
        return fields.allSatisfy { field in other?[field.name].map { isSubset(field.value, of: $0) } ?? false }
    }

    @Test("The default limit is 8192 bytes of both sections together")
    func defaultLimit() throws {
        let shadow = Shadow(name: try ShadowName(thing: "lamp"), record: nil)
        func request(_ count: Int) throws -> ShadowUpdateRequest {
            let half = JSONValue.string(String(repeating: "x", count: count / 2))
            let rest = JSONValue.string(String(repeating: "x", count: count - count / 2))
            return try .parse(JSONWriter.bytes(["state": ["desired": ["a": half], "reported": ["a": rest]]]))
        }
        let frame = 2 * #"{"a":""}"#.utf8.count
        #expect(try shadow.update(request(8192 - frame), nowSeconds: 1).record.document?.bytes == 8192)
        #expect(throws: ShadowError(.tooLarge(bytes: 8193, limit: 8192))) {
            try shadow.update(request(8193 - frame), nowSeconds: 1)
        }
    }

    @Test("Nesting without end is refused, not followed")
    func deepNesting() {
        let open = String(repeating: #"{"a":"#, count: 50_000)
        #expect(throws: ShadowError(.tooDeep)) {
            try ShadowUpdateRequest.parse(Array(#"{"state":{"desired":\#(open)"#.utf8))
        }
        #expect(ShadowTokenRequest.parse(Array(open.utf8)).clientToken == nil)
    }
}
