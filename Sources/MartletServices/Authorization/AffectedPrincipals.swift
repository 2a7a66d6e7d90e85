package import MartletBase
package import MartletStore

/// Whose authorisation one change of the store touches: connections with one of these certificates, and those whose
/// client id or associated thing has one of these names, are to be looked at again (architecture.md "Policies on the
/// hot path").
package struct AffectedPrincipals: Hashable, Sendable {
    package let account: AccountID
    package var certificates: Set<CertificateID>
    package var things: Set<String>
    /// A policy that has changed: who is given it by name, and not by an attachment, is touched too.
    package var policy: String?

    package init(
        account: AccountID, certificates: Set<CertificateID> = [], things: Set<String> = [], policy: String? = nil
    ) {
        self.account = account
        self.certificates = certificates
        self.things = things
        self.policy = policy
    }

    package var isEmpty: Bool { certificates.isEmpty && things.isEmpty && policy == nil }

    /// - Returns: nil for a change that no authorisation depends on.
    package static func of(
        _ change: Change, in documents: any DocumentStore
    ) async throws(EngineError) -> AffectedPrincipals? {
        guard let components = change.key.components, components.count >= 3,
            case .account(let account) = components[0], case .kind(let kind) = components[1],
            case .string(let name) = components[2]
        else { return nil }
        var affected = AffectedPrincipals(account: account)
        switch kind {
        case .certificate: affected.insert(certificate: CertificateID(name))
        case .targetPolicies: affected.insert(principal: name)
        case .principalThing:
            affected.insert(principal: name)
            if let thing = change.key.lastString { affected.things.insert(thing) }
        case .thing:
            affected.things.insert(name)
            try await affected.insertAll(KeySpace.principals(account, ofThing: name), documents)
        case .policy:
            affected.policy = name
            try await affected.insertAll(KeySpace.targets(account, ofPolicy: name), documents)
        // The other end of an attachment, indexes, and versions, which matter only once the policy names them.
        case .thingByType, .thingByAttribute, .thingPrincipal, .certificateByCreation, .certificateAccount,
            .policyVersion, .policyTarget, .shadow, .serviceProgress:
            return nil
        }
        return affected.isEmpty ? nil : affected
    }

    private mutating func insert(certificate: CertificateID?) {
        if let certificate { certificates.insert(certificate) }
    }

    private mutating func insert(principal: String) {
        insert(certificate: ARN(principal).flatMap { CertificateID($0.resourceName) })
    }

    /// Every principal whose name ends a key under the prefix.
    private mutating func insertAll(_ prefix: KeyBytes, _ documents: any DocumentStore) async throws(EngineError) {
        var after: KeyBytes?
        while true {
            let page = try await documents.scan(prefix: prefix, after: after, limit: Self.pageSize)
            for document in page {
                if let principal = document.key.lastString { insert(principal: principal) }
            }
            guard page.count == Self.pageSize else { return }
            after = page.last?.key
        }
    }

    private static let pageSize = 1_000
}
