import IoTDomain
import MartletBase
import Testing

@Suite("Principals and attachments")
struct PrincipalTests {
    private let realm = Realm(region: "eu-martlet-1", account: AccountID("210987654321")!)
    private static let hex = String(repeating: "9f", count: 32)

    @Test("Certificate ARNs of any spelling become one text")
    func certificate() throws {
        let upper = "arn:aws:iot:eu-martlet-1:210987654321:cert/\(Self.hex.uppercased())"
        let principal = try Principal(upper, in: realm)
        #expect(principal == .certificate(CertificateID(Self.hex)!))
        #expect(principal.text(in: realm) == "arn:aws:iot:eu-martlet-1:210987654321:cert/\(Self.hex)")
    }

    @Test("Thing groups and Cognito identities are told apart")
    func others() throws {
        #expect(
            try Principal("arn:aws:iot:eu-martlet-1:210987654321:thinggroup/g", in: realm) == .thingGroup("g"))
        let identity = "eu-west-1:01234567-89ab-cdef-0123-456789abcdef"
        #expect(try Principal(identity, in: realm) == .cognitoIdentity(identity))
    }

    @Test(
        "What is no principal of this account and region is refused",
        arguments: [
            ("", .malformed), ("pump7", .malformed), ("eu-west-1:nope", .malformed),
            ("arn:aws:iot:eu-martlet-1:210987654321:cert/12", .malformed),
            ("arn:aws:iot:eu-martlet-1:210987654321:thinggroup/", .malformed),
            ("arn:aws:sns:eu-martlet-1:210987654321:cert/\(hex)", .malformed),
            ("arn:aws:iot:us-east-1:210987654321:cert/\(hex)", .foreign("aws:iot:us-east-1:210987654321")),
            ("arn:aws:iot:eu-martlet-1:000000000000:cert/\(hex)", .foreign("aws:iot:eu-martlet-1:000000000000")),
            ("arn:aws:iot:eu-martlet-1:210987654321:thing/pump7", .unsupportedType("thing")),
        ] as [(String, Principal.ParseError)])
    func refused(text: String, error: Principal.ParseError) {
        #expect(throws: error) { try Principal(text, in: realm) }
    }

    private func attachment(_ thing: String, _ type: ThingPrincipalType) -> ThingPrincipalRecord {
        ThingPrincipalRecord(
            thingName: thing, principal: "p", type: type, attachedDate: WallInstant(millisecondsSinceEpoch: 7))
    }

    @Test("An attachment is stored under stable names and read back the same")
    func roundTrip() throws {
        let record = attachment("pump7", .exclusive)
        #expect(
            JSONWriter.text(record.json)
                == #"{"thingName":"pump7","principal":"p","type":"EXCLUSIVE_THING","attachedDate":7}"#)
        #expect(try ThingPrincipalRecord(json: record.json) == record)
        let policy = PolicyTargetRecord(
            policyName: "fleet", target: "p", attachedDate: WallInstant(millisecondsSinceEpoch: 7))
        #expect(JSONWriter.text(policy.json) == #"{"policyName":"fleet","target":"p","attachedDate":7}"#)
        #expect(try PolicyTargetRecord(json: policy.json) == policy)
    }

    @Test("An exclusive attachment allows the principal no other thing")
    func exclusive() throws {
        #expect(try attachment("a", .exclusive).needsAttaching(beside: []))
        #expect(try attachment("a", .nonExclusive).needsAttaching(beside: [attachment("b", .nonExclusive)]))
        #expect(try !attachment("a", .exclusive).needsAttaching(beside: [attachment("a", .exclusive)]))
        #expect(throws: RegistryRefusal.principalHasOtherThing(principal: "p", thing: "b", type: .nonExclusive)) {
            try attachment("a", .exclusive).needsAttaching(beside: [attachment("b", .nonExclusive)])
        }
        #expect(throws: RegistryRefusal.principalHasOtherThing(principal: "p", thing: "b", type: .exclusive)) {
            try attachment("a", .nonExclusive).needsAttaching(beside: [attachment("b", .exclusive)])
        }
        #expect(throws: RegistryRefusal.attachmentTypeDiffers(principal: "p", thing: "a", present: .nonExclusive)) {
            try attachment("a", .exclusive).needsAttaching(beside: [attachment("a", .nonExclusive)])
        }
    }

    @Test("A target has ten policies at most, in the order of their names, each once")
    func attachedPolicies() throws {
        var record = AttachedPoliciesRecord(target: "p")
        for name in ["j", "c", "B", "a", "d", "e", "f", "g", "h", "i"] {
            record = try #require(try record.attaching(name))
        }
        #expect(record.policyNames == ["B", "a", "c", "d", "e", "f", "g", "h", "i", "j"])
        #expect(try record.attaching("a") == nil)
        #expect(throws: RegistryRefusal.attachedPoliciesLimit(target: "p", limit: 10)) { try record.attaching("k") }
        let fewer = try #require(record.detaching("a"))
        #expect(fewer.policyNames.count == 9)
        #expect(fewer.detaching("a") == nil)
        #expect(try AttachedPoliciesRecord(json: fewer.json) == fewer)
        let one = try #require(try AttachedPoliciesRecord(target: "p").attaching("fleet"))
        #expect(JSONWriter.text(one.json) == #"{"target":"p","policyNames":["fleet"]}"#)
    }
}
