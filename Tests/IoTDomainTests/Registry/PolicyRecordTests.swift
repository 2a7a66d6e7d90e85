import IoTDomain
import MartletBase
import Testing

@Suite("Policy records")
struct PolicyRecordTests {
    private let policy = PolicyRecord(
        name: "fleet", generationID: "g", creationDate: WallInstant(millisecondsSinceEpoch: 1000))
    private let later = WallInstant(millisecondsSinceEpoch: 2000)

    @Test("A policy is stored under stable names and read back the same")
    func roundTrip() throws {
        let two = try policy.addingVersion(setAsDefault: true, at: later).policy
        #expect(
            JSONWriter.text(two.json)
                == #"{"name":"fleet","generationId":"g","creationDate":1000,"lastModifiedDate":2000,"defaultVersion":2,"nextVersion":3,"versions":[{"number":1,"creationDate":1000},{"number":2,"creationDate":2000}]}"#
        )
        #expect(try PolicyRecord(json: two.json) == two)
        #expect(try PolicyRecord(json: two.markingDeletion(true).json).isDeletionPending)
    }

    @Test("A version becomes the default only when that is asked for")
    func newVersion() throws {
        let (plain, number) = try policy.addingVersion(setAsDefault: false, at: later)
        #expect(number == 2)
        #expect(plain.defaultVersion == 1)
        #expect(try policy.addingVersion(setAsDefault: true, at: later).policy.defaultVersion == 2)
    }

    @Test("A sixth version is refused, and a deleted number is never used again")
    func versionNumbers() throws {
        var full = policy
        for _ in 2...5 { full = try full.addingVersion(setAsDefault: false, at: later).policy }
        #expect(throws: RegistryRefusal.policyVersionsLimit(policy: "fleet", limit: 5)) {
            try full.addingVersion(setAsDefault: false, at: later)
        }
        let pruned = try full.deletingVersion("5", at: later)
        let (again, number) = try pruned.addingVersion(setAsDefault: false, at: later)
        #expect(number == 6)
        #expect(again.versions.map(\.number) == [1, 2, 3, 4, 6])
    }

    @Test("The default version cannot be deleted and can be changed")
    func defaultVersion() throws {
        let two = try policy.addingVersion(setAsDefault: false, at: later).policy
        #expect(throws: RegistryRefusal.policyVersionIsDefault(policy: "fleet", version: 1)) {
            try two.deletingVersion("1", at: later)
        }
        let switched = try #require(try two.settingDefault("2", at: later))
        #expect(try switched.deletingVersion("1", at: later).versions.map(\.number) == [2])
        #expect(try switched.settingDefault("2", at: later) == nil)
    }

    @Test("A version id that the policy does not have is not found", arguments: ["3", "01", "+1", "", "x"])
    func unknownVersion(id: String) {
        let missing = RegistryRefusal.policyVersionNotFound(policy: "fleet", version: id)
        #expect(throws: missing) { try policy.settingDefault(id, at: later) }
        #expect(throws: missing) { try policy.deletingVersion(id, at: later) }
    }

    @Test("A policy is deleted only without targets and with its default version alone")
    func delete() throws {
        try policy.checkDelete(hasTargets: false)
        #expect(throws: RegistryRefusal.policyHasTargets(policy: "fleet")) { try policy.checkDelete(hasTargets: true) }
        let two = try policy.addingVersion(setAsDefault: true, at: later).policy
        #expect(throws: RegistryRefusal.policyHasOtherVersions(policy: "fleet", versions: [1])) {
            try two.checkDelete(hasTargets: false)
        }
    }
}
