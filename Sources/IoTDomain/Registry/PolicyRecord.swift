package import MartletBase

/// A policy as it is stored: which versions it has and which one decides. The documents are records of their own,
/// because they never change and are read one at a time.
package struct PolicyRecord: Hashable, Sendable {
    package struct Version: Hashable, Sendable {
        package let number: Int
        package let creationDate: WallInstant
    }

    package let name: String
    package let generationID: String
    package let creationDate: WallInstant
    package var lastModifiedDate: WallInstant
    package private(set) var defaultVersion: Int
    /// Numbers are never reused, so this only rises (policies.md section 6).
    package private(set) var nextVersion: Int
    /// In the order of their numbers.
    package private(set) var versions: [Version]
    /// DeletePolicy has begun: it found no target and will delete the policy unless one is attached now.
    package private(set) var isDeletionPending = false

    /// CreatePolicy: version 1, which is the default.
    package init(name: String, generationID: String, creationDate: WallInstant) {
        self.name = name
        self.generationID = generationID
        self.creationDate = creationDate
        self.lastModifiedDate = creationDate
        self.defaultVersion = 1
        self.nextVersion = 2
        self.versions = [Version(number: 1, creationDate: creationDate)]
    }

    package func arn(in realm: Realm) -> ARN { realm.arn("policy", name) }
}

extension PolicyRecord {
    /// Versions a policy may have (policies.md section 6 "Limits").
    package static let versionLimit = 5

    /// CreatePolicyVersion: the policy with one more version, and that version's number.
    package func addingVersion(setAsDefault: Bool, at now: WallInstant) throws(RegistryRefusal)
        -> (policy: PolicyRecord, number: Int)
    {
        guard versions.count < Self.versionLimit else {
            throw .policyVersionsLimit(policy: name, limit: Self.versionLimit)
        }
        var changed = self
        changed.versions.append(Version(number: nextVersion, creationDate: now))
        changed.nextVersion += 1
        if setAsDefault { changed.defaultVersion = nextVersion }
        changed.lastModifiedDate = now
        return (changed, nextVersion)
    }

    /// SetDefaultPolicyVersion: the changed policy, or nil when that version is the default already.
    package func settingDefault(_ id: String, at now: WallInstant) throws(RegistryRefusal) -> PolicyRecord? {
        let number = try version(id).number
        guard number != defaultVersion else { return nil }
        var changed = self
        changed.defaultVersion = number
        changed.lastModifiedDate = now
        return changed
    }

    /// DeletePolicyVersion: refuses the default version.
    package func deletingVersion(_ id: String, at now: WallInstant) throws(RegistryRefusal) -> PolicyRecord {
        let number = try version(id).number
        guard number != defaultVersion else { throw .policyVersionIsDefault(policy: name, version: number) }
        var changed = self
        changed.versions.removeAll { $0.number == number }
        changed.lastModifiedDate = now
        return changed
    }

    /// DeletePolicy: no targets and only the default version (api-wire.md section 11).
    package func checkDelete(hasTargets: Bool) throws(RegistryRefusal) {
        guard !hasTargets else { throw .policyHasTargets(policy: name) }
        let others = versions.map(\.number).filter { $0 != defaultVersion }
        guard others.isEmpty else { throw .policyHasOtherVersions(policy: name, versions: others) }
    }

    package func markingDeletion(_ isPending: Bool) -> PolicyRecord {
        var changed = self
        changed.isDeletionPending = isPending
        return changed
    }

    /// The version that a `policyVersionId` names: decimal digits, without a sign or leading zeros.
    package func version(_ id: String) throws(RegistryRefusal) -> Version {
        guard let version = versions.first(where: { String($0.number) == id }) else {
            throw .policyVersionNotFound(policy: name, version: id)
        }
        return version
    }
}

extension PolicyRecord {
    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("policy", json)
        name = try reader.string("name")
        generationID = try reader.string("generationId")
        creationDate = try reader.instant("creationDate")
        lastModifiedDate = try reader.instant("lastModifiedDate")
        defaultVersion = try reader.int("defaultVersion")
        nextVersion = try reader.int("nextVersion")
        isDeletionPending = reader.members["isDeletionPending"]?.boolValue ?? false
        versions = []
        for entry in try reader.list("versions") {
            let version = try RecordReader("policy version", entry)
            versions.append(
                Version(number: try version.int("number"), creationDate: try version.instant("creationDate")))
        }
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "generationId": .string(generationID), "creationDate": creationDate.json,
            "lastModifiedDate": lastModifiedDate.json, "defaultVersion": .int(defaultVersion),
            "nextVersion": .int(nextVersion),
            "versions": .array(
                versions.map { ["number": .int($0.number), "creationDate": $0.creationDate.json] }),
        ]
        if isDeletionPending { object["isDeletionPending"] = true }
        return .object(object)
    }
}
