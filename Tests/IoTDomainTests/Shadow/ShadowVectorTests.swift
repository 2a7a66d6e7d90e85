import IoTDomain
import MartletBase
import Testing

@Suite("Shadow vectors")
struct ShadowVectorTests {
    @Test("There are vectors for every operation")
    func count() {
        #expect(ShadowVector.all.count >= 40)
        for operation in ShadowOperation.allCases {
            #expect(ShadowVector.all.contains { $0.steps.contains { $0.operation == operation } })
        }
    }

    @Test("A shadow does what the vector says", arguments: ShadowVector.all)
    func run(_ vector: ShadowVector) throws {
        var shadow = Shadow(name: try vector.name(), record: nil)
        #expect(!vector.steps.isEmpty)
        for step in vector.steps {
            let record = try perform(step, on: shadow, rules: vector.rules)
            if let stored = step["state"] { #expect(record?.document?.state == stored, "\(step.json)") }
            if let stored = step["metadata"] { #expect(record?.document?.metadata == stored, "\(step.json)") }
            if let record { #expect(try ShadowRecord(bytes: record.bytes) == record) }
            shadow = Shadow(name: shadow.name, record: record)
        }
    }

    /// The record after the step.
    private func perform(_ step: ShadowVector.Step, on shadow: Shadow, rules: ShadowRules) throws -> ShadowRecord? {
        let saysSomething = ["accepted", "rejected", "state", "metadata"].contains { step[$0] != nil }
        #expect(saysSomething, "\(step.json)")
        let operation = try #require(step.operation)
        let token = ShadowTokenRequest.parse(step.payload)
        do throws(ShadowError) {
            switch operation {
            case .get:
                expect(try shadow.get(token, nowSeconds: step.nowSeconds), step, "accepted")
                return shadow.record
            case .update:
                let request = try ShadowUpdateRequest.parse(step.payload)
                return check(try shadow.update(request, rules: rules, nowSeconds: step.nowSeconds), step)
            case .delete: return check(try shadow.delete(token, nowSeconds: step.nowSeconds), step)
            }
        } catch {
            expect(error.payload(nowSeconds: step.nowSeconds), step, "rejected")
            return shadow.record
        }
    }

    private func check(_ change: ShadowChange, _ step: ShadowVector.Step) -> ShadowRecord {
        let messages = change.messages()
        #expect(messages.first?.response == step.operation?.accepted)
        #expect(messages.first?.payload == change.accepted)
        #expect(step["rejected"] == nil, "was accepted: \(step.json)")
        if step["accepted"] != nil { expect(change.accepted, step, "accepted") }
        guard step.operation == .update else { return change.record }
        let expected: [ShadowResponse] =
            step["delta"] == nil
            ? [.updateAccepted, .updateDocuments] : [.updateAccepted, .updateDelta, .updateDocuments]
        #expect(messages.map(\.response) == expected, "\(step.json)")
        for message in messages where message.response == .updateDelta { expect(message.payload, step, "delta") }
        for message in messages where message.response == .updateDocuments && step["documents"] != nil {
            expect(message.payload, step, "documents")
        }
        return change.record
    }

    private func expect(_ payload: [UInt8], _ step: ShadowVector.Step, _ member: String) {
        #expect((try? JSONParser.parse(payload)) == step[member], "\(member) of \(step.json)")
    }
}
