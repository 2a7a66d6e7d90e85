internal import IoTDomain
internal import IoTPolicy
package import MartletBase

extension DeviceAuthorizationLoader {
    /// - Parameter policyNames: of IoT policies of the account.
    /// - Throws: as `load(_:certificate:clientID:)`; who cannot be decided about must be refused.
    package func load(
        _ realm: Realm, policies policyNames: [String], clientID: String
    ) async throws -> UserAuthorization {
        let keys = RegistryKeys(account: realm.account)
        var policies: [CompiledPolicy] = []
        var missing: [String] = []
        for name in policyNames {
            if let policy = try await policy(name, keys) { policies.append(policy) } else { missing.append(name) }
        }
        return UserAuthorization(
            policies: policies, missingPolicies: missing,
            thing: try await thing(clientID, keys).map { ThingFacts($0, isAttached: false) })
    }
}
