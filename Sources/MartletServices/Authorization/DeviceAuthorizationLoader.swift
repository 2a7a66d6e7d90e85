internal import IoTDomain
internal import IoTPolicy
package import MartletBase
internal import MartletPKI
package import MartletStore

/// Gathers what decides about a device: certificate, policies and thing. Documents come from the cache that the change
/// feed keeps true; compiled policies and parsed certificates are remembered, because they never change.
package final class DeviceAuthorizationLoader: Sendable {
    package struct Limits: Hashable, Sendable {
        /// `authorization.compiledPolicies`
        package var compiledPolicies: Int
        /// `authorization.parsedCertificates`
        package var parsedCertificates: Int

        package init(compiledPolicies: Int = 20_000, parsedCertificates: Int = 50_000) {
            self.compiledPolicies = compiledPolicies
            self.parsedCertificates = parsedCertificates
        }
    }

    /// One version of a policy. The generation tells a policy from an earlier one of the same name.
    private struct PolicyVersionID: Hashable {
        let account: AccountID
        let name: String
        let generation: String
        let number: Int
    }

    private let cache: DocumentCache
    private let documents: any DocumentStore
    private let compiled: BoundedMemo<PolicyVersionID, CompiledPolicy>
    private let facts: BoundedMemo<CertificateID, CertificateFacts>

    /// - Parameter cache: of `documents`, and fed by the change feed before anything is re-checked because of a change.
    package init(cache: DocumentCache, documents: any DocumentStore, limits: Limits = Limits()) {
        self.cache = cache
        self.documents = documents
        compiled = BoundedMemo(limit: limits.compiledPolicies)
        facts = BoundedMemo(limit: limits.parsedCertificates)
    }

    /// - Parameters:
    ///   - realm: the account that the certificate was found in.
    ///   - clientID: nil over HTTP, where only an exclusive attachment associates a thing.
    /// - Returns: nil when the account has no such certificate.
    /// - Throws: `EngineError`; `RecordFormatError`, `PolicyParseError` or `PKIError` for stored data that cannot be
    ///   read. Such a device must be refused, because a Deny may stand in what was not read.
    package func load(
        _ realm: Realm, certificate id: CertificateID, clientID: String?
    ) async throws -> DeviceAuthorization? {
        let keys = RegistryKeys(account: realm.account)
        guard let certificate = try await read(keys.certificate(id)) else { return nil }
        let principal = Principal.certificate(id).text(in: realm)
        var policies: [CompiledPolicy] = []
        for name in try await read(keys.attachedPolicies(principal))?.policyNames ?? [] {
            if let policy = try await policy(name, keys) { policies.append(policy) }
        }
        let (thing, isExclusive) = try await thing(of: principal, clientID: clientID, keys)
        return DeviceAuthorization(
            certificateStatus: certificate.status, policies: policies, thing: thing, isExclusivelyAttached: isExclusive,
            certificate: try facts.value(for: id) { try CertificateFacts(ParsedCertificate(pem: certificate.pem)) })
    }

    /// For the TLS handshake, before the account is known.
    ///
    /// - Parameter account: the account that the server name selects; nil for any that has the certificate.
    package func owner(of id: CertificateID, in account: AccountID? = nil) async throws -> CertificateOwner? {
        let accounts = try await documents.scan(
            prefix: KeySpace.accounts(ofCertificate: id), after: nil, limit: Self.accountsPerCertificate
        ).compactMap { document -> AccountID? in
            guard case .account(let owner)? = document.key.components?.last else { return nil }
            return owner
        }
        for owner in accounts where account == nil || owner == account {
            guard let certificate = try await read(RegistryKeys(account: owner).certificate(id)) else { continue }
            return CertificateOwner(
                account: owner, status: certificate.status, notBefore: certificate.notBefore,
                notAfter: certificate.notAfter)
        }
        return nil
    }

    /// Accounts looked at for one certificate.
    static let accountsPerCertificate = 1_000

    /// The thing's names are the only client ids that can be associated, so longer ones need no read.
    private static let longestThingName = 128

    /// Whether the account has a thing of this name.
    package func isThing(_ name: String, in account: AccountID) async throws -> Bool {
        guard name.utf8.count <= Self.longestThingName else { return false }
        return try await read(RegistryKeys(account: account).thing(name)) != nil
    }

    private func thing(
        of principal: String, clientID: String?, _ keys: RegistryKeys
    ) async throws -> (thing: ThingFacts?, isExclusive: Bool) {
        // An exclusive attachment is always the principal's only one.
        let attached = try await documents.scan(prefix: keys.things(of: principal).bytes, after: nil, limit: 1)
        if let first = attached.first {
            let attachment = try ThingPrincipalRecord(body: first.body)
            if attachment.type == .exclusive {
                return (try await read(keys.thing(attachment.thingName)).map { ThingFacts($0, isAttached: true) }, true)
            }
        }
        guard let clientID, let thing = try await thing(clientID, keys) else { return (nil, false) }
        let isAttached = try await read(keys.thing(of: principal, clientID)) != nil
        return (ThingFacts(thing, isAttached: isAttached), false)
    }

    func thing(_ clientID: String, _ keys: RegistryKeys) async throws -> ThingRecord? {
        guard !clientID.isEmpty, clientID.utf8.count <= Self.longestThingName else { return nil }
        return try await read(keys.thing(clientID))
    }

    /// The default version; nil when there is no such policy (any longer).
    func policy(_ name: String, _ keys: RegistryKeys) async throws -> CompiledPolicy? {
        guard let policy = try await read(keys.policy(name)) else { return nil }
        let key = keys.policyVersion(name, policy.defaultVersion)
        var version = try await read(key)
        if version?.generationID != policy.generationID {
            // The feed is between two changes of one commit; the store has both.
            version = try await documents.get(key.bytes).map { try PolicyVersionRecord(body: $0.body) }
        }
        guard let version, version.generationID == policy.generationID else { return nil }
        let id = PolicyVersionID(
            account: keys.account, name: name, generation: policy.generationID, number: version.number)
        return try compiled.value(for: id) {
            CompiledPolicy(
                name: name, versionID: String(version.number), document: try PolicyDocument(parsing: version.document))
        }
    }

    private func read<Record>(_ key: RecordKey<Record>) async throws -> Record? {
        try await cache.load(key.bytes).map { try Record(body: $0.body) }
    }
}
