internal import AWSModel
internal import IoTDomain
internal import MartletBase

extension PolicyService {
    func createVersion(_ input: IoT.CreatePolicyVersion.Input, _ call: CallContext) async throws
        -> IoT.CreatePolicyVersion.Output
    {
        try Self.check(input.policyDocument)
        let isDefault = input.setAsDefault ?? false
        return try await registry.commit(call) { transaction in
            let key = transaction.keys.policy(input.policyName)
            let (policy, number) = try await transaction.require(key)
                .addingVersion(setAsDefault: isDefault, at: call.now)
            putVersion(number, of: policy, input.policyDocument, call, &transaction)
            transaction.put(key, policy)
            return IoT.CreatePolicyVersion.Output(
                policyArn: policy.arn(in: call.realm).description, policyDocument: input.policyDocument,
                policyVersionId: String(number), isDefaultVersion: isDefault)
        }
    }

    func getVersion(_ input: IoT.GetPolicyVersion.Input, _ call: CallContext) async throws
        -> IoT.GetPolicyVersion.Output
    {
        let keys = registry.keys(call)
        let policy = try await registry.require(keys.policy(input.policyName))
        let number = try policy.version(input.policyVersionId).number
        let version = try await registry.require(keys.policyVersion(policy.name, number))
        return IoT.GetPolicyVersion.Output(
            policyArn: policy.arn(in: call.realm).description, policyName: policy.name,
            policyDocument: version.document, policyVersionId: String(number),
            isDefaultVersion: number == policy.defaultVersion, creationDate: version.creationDate,
            lastModifiedDate: version.creationDate, generationId: policy.generationID)
    }

    /// Not paged: there are five at most. Newest first.
    func listVersions(_ input: IoT.ListPolicyVersions.Input, _ call: CallContext) async throws
        -> IoT.ListPolicyVersions.Output
    {
        let policy = try await registry.require(registry.keys(call).policy(input.policyName))
        return IoT.ListPolicyVersions.Output(
            policyVersions: policy.versions.reversed().map { version in
                IoT.PolicyVersion(
                    versionId: String(version.number), isDefaultVersion: version.number == policy.defaultVersion,
                    createDate: version.creationDate)
            })
    }

    func setDefaultVersion(_ input: IoT.SetDefaultPolicyVersion.Input, _ call: CallContext) async throws
        -> IoT.SetDefaultPolicyVersion.Output
    {
        try await registry.commit(call) { transaction in
            let key = transaction.keys.policy(input.policyName)
            let policy = try await transaction.require(key)
            if let changed = try policy.settingDefault(input.policyVersionId, at: call.now) {
                transaction.put(key, changed)
            }
            return IoT.SetDefaultPolicyVersion.Output()
        }
    }

    func deleteVersion(_ input: IoT.DeletePolicyVersion.Input, _ call: CallContext) async throws
        -> IoT.DeletePolicyVersion.Output
    {
        try await registry.commit(call) { transaction in
            let key = transaction.keys.policy(input.policyName)
            let policy = try await transaction.require(key)
            let number = try policy.version(input.policyVersionId).number
            transaction.put(key, try policy.deletingVersion(input.policyVersionId, at: call.now))
            transaction.deleteEntry(transaction.keys.policyVersion(policy.name, number).bytes)
            return IoT.DeletePolicyVersion.Output()
        }
    }
}
