internal import IoTDomain
internal import MartletBase
internal import MartletStore

/// The keys of one account's registry with the types of what is stored under them.
struct RegistryKeys: Hashable, Sendable {
    let account: AccountID

    func thing(_ name: String) -> RecordKey<ThingRecord> {
        RecordKey(bytes: KeySpace.thing(account, name), kind: "Thing", name: name)
    }

    var things: RecordPrefix<ThingRecord> { RecordPrefix(bytes: KeySpace.all(.thing, in: account)) }

    func certificate(_ id: CertificateID) -> RecordKey<CertificateRecord> {
        RecordKey(bytes: KeySpace.certificate(account, id), kind: "Certificate", name: id.text)
    }

    func policy(_ name: String) -> RecordKey<PolicyRecord> {
        RecordKey(bytes: KeySpace.policy(account, name), kind: "Policy", name: name)
    }

    var policies: RecordPrefix<PolicyRecord> { RecordPrefix(bytes: KeySpace.all(.policy, in: account)) }

    func policyVersion(_ name: String, _ number: Int) -> RecordKey<PolicyVersionRecord> {
        RecordKey(
            bytes: KeySpace.policyVersion(account, name, number), kind: "Policy version", name: "\(name):\(number)")
    }
}

/// Attachments. Each stands under both of its ends.
extension RegistryKeys {
    /// All policies of a target are one record, so that a connection reads them at once and from the cache.
    func attachedPolicies(_ target: String) -> RecordKey<AttachedPoliciesRecord> {
        RecordKey(bytes: KeySpace.targetPolicies(account, target: target), kind: "Attached policies of", name: target)
    }

    func target(of policy: String, _ target: String) -> RecordKey<PolicyTargetRecord> {
        RecordKey(
            bytes: KeySpace.policyTarget(account, policy: policy, target: target), kind: "Policy target", name: target)
    }

    func targets(of policy: String) -> RecordPrefix<PolicyTargetRecord> {
        RecordPrefix(bytes: KeySpace.targets(account, ofPolicy: policy))
    }

    func principal(of thing: String, _ principal: String) -> RecordKey<ThingPrincipalRecord> {
        RecordKey(
            bytes: KeySpace.thingPrincipal(account, thing: thing, principal: principal), kind: "Thing principal",
            name: principal)
    }

    func principals(of thing: String) -> RecordPrefix<ThingPrincipalRecord> {
        RecordPrefix(bytes: KeySpace.principals(account, ofThing: thing))
    }

    func thing(of principal: String, _ thing: String) -> RecordKey<ThingPrincipalRecord> {
        RecordKey(
            bytes: KeySpace.principalThing(account, principal: principal, thing: thing), kind: "Thing principal",
            name: thing)
    }

    func things(of principal: String) -> RecordPrefix<ThingPrincipalRecord> {
        RecordPrefix(bytes: KeySpace.things(account, ofPrincipal: principal))
    }
}

/// Index entries: keys without a body.
extension RegistryKeys {
    /// Whose the certificate is, for TLS, and two entries in the order of creation. The second has the negated time, so
    /// that it lists the newest first: a scan only goes forward.
    func entries(_ certificate: CertificateRecord) -> [KeyBytes] {
        let created = certificate.creationDate.millisecondsSinceEpoch
        return [KeySpace.certificateAccount(certificate.id, account)]
            + [created, -created].map { milliseconds in
                KeySpace.certificateByCreation(
                    account, created: WallInstant(millisecondsSinceEpoch: milliseconds), certificate.id)
            }
    }

    var certificatesByCreation: KeyBytes { KeySpace.all(.certificateByCreation, in: account) }

    /// Sorts after the newest-first entries and before the oldest-first ones.
    var certificatesOldestFirst: KeyBytes { certificatesByCreation.appending(.integer(0)) }
}
