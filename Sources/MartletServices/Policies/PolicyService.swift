internal import AWSModel
internal import IoTDomain
internal import IoTPolicy
internal import MartletBase

/// Policies and their versions (policies.md section 6 "Versions"). A document is checked before it is stored, so what
/// is stored compiles.
struct PolicyService: Sendable {
    let registry: Registry
    let random: any RandomSource

    func create(_ input: IoT.CreatePolicy.Input, _ call: CallContext) async throws -> IoT.CreatePolicy.Output {
        if let tag = input.tags?.first {
            throw ServiceFailure.invalidRequest("tags are not built yet, so the tag '\(tag.key)' cannot be set")
        }
        try Self.check(input.policyDocument)
        let policy = PolicyRecord(
            name: input.policyName, generationID: random.uuid(), creationDate: call.now)
        return try await registry.commit(call) { transaction in
            let key = transaction.keys.policy(policy.name)
            guard try await transaction.read(key) == nil else {
                throw ServiceFailure.alreadyExists(
                    "Policy '\(policy.name)' already exists", resourceID: policy.name,
                    resourceARN: policy.arn(in: call.realm).description)
            }
            putVersion(1, of: policy, input.policyDocument, call, &transaction)
            transaction.put(key, policy)
            return IoT.CreatePolicy.Output(
                policyName: policy.name, policyArn: policy.arn(in: call.realm).description,
                policyDocument: input.policyDocument, policyVersionId: "1")
        }
    }

    func get(_ input: IoT.GetPolicy.Input, _ call: CallContext) async throws -> IoT.GetPolicy.Output {
        let keys = registry.keys(call)
        let policy = try await registry.require(keys.policy(input.policyName))
        let version = try await registry.require(keys.policyVersion(policy.name, policy.defaultVersion))
        return IoT.GetPolicy.Output(
            policyName: policy.name, policyArn: policy.arn(in: call.realm).description,
            policyDocument: version.document, defaultVersionId: String(policy.defaultVersion),
            creationDate: policy.creationDate, lastModifiedDate: policy.lastModifiedDate,
            generationId: policy.generationID)
    }

    /// Two commits: the policy is marked first, and only a marked one without targets is deleted. AttachPolicy checks
    /// that the policy is as it read it and takes a mark away, so no attachment slips in between unseen, and attaching
    /// one policy to many certificates at once makes no conflicts.
    func delete(_ input: IoT.DeletePolicy.Input, _ call: CallContext) async throws -> IoT.DeletePolicy.Output {
        for _ in 0..<Registry.attempts {
            let isDeleted = try await registry.commit(call) { transaction in
                let keys = transaction.keys
                let policy = try await transaction.require(keys.policy(input.policyName))
                let targets = try await transaction.first(1, keys.targets(of: policy.name))
                try policy.checkDelete(hasTargets: !targets.isEmpty)
                guard policy.isDeletionPending else {
                    transaction.put(keys.policy(policy.name), policy.markingDeletion(true))
                    return false
                }
                transaction.delete(keys.policy(policy.name))
                transaction.deleteEntry(keys.policyVersion(policy.name, policy.defaultVersion).bytes)
                return true
            }
            if isDeleted { return IoT.DeletePolicy.Output() }
        }
        throw ServiceFailure.busy
    }

    /// `isAscendingOrder` is the order of creation; without it the order is that of the names.
    func list(_ input: IoT.ListPolicies.Input, _ call: CallContext) async throws -> IoT.ListPolicies.Output {
        let ascending = input.ascendingOrder ?? false
        let request = try PageRequest(
            size: input.pageSize, token: input.marker, style: .marker, scope: "ListPolicies \(ascending)",
            account: call.account)
        let prefix = registry.keys(call).policies
        let page: Page<PolicyRecord>
        if ascending {
            let all = try await registry.all(prefix).sorted {
                Self.creationOrder($0).lexicographicallyPrecedes(Self.creationOrder($1))
            }
            page = Registry.page(request, of: all, key: Self.creationOrder)
        } else {
            page = try await registry.page(request, prefix)
        }
        return IoT.ListPolicies.Output(
            policies: page.records.map { Self.summary($0.name, call) }, nextMarker: page.nextToken)
    }

    static func summary(_ name: String, _ call: CallContext) -> IoT.Policy {
        IoT.Policy(policyName: name, policyArn: call.realm.arn("policy", name).description)
    }

    /// Bytes that sort like the dates of creation, then the names.
    static func creationOrder(_ policy: PolicyRecord) -> [UInt8] {
        let created = UInt64(bitPattern: policy.creationDate.millisecondsSinceEpoch)
        return stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: created >> UInt64($0)) }
            + policy.name.utf8
    }

    static func check(_ document: String) throws(ServiceFailure) {
        guard PolicyDocument.isWithinSizeLimit(document) else {
            throw ServiceFailure(
                "MalformedPolicyException",
                "Policy document has \(PolicyDocument.countedCharacters(in: document)) characters besides white space; "
                    + "the limit is \(PolicyDocument.sizeLimit)")
        }
        do throws(PolicyParseError) {
            _ = try PolicyDocument(parsing: document)
        } catch {
            throw ServiceFailure("MalformedPolicyException", error.description)
        }
    }

    /// Comes before the write of the policy that names the version: readers of the change feed find it then.
    func putVersion(
        _ number: Int, of policy: PolicyRecord, _ document: String, _ call: CallContext,
        _ transaction: inout Transaction
    ) {
        transaction.put(
            transaction.keys.policyVersion(policy.name, number),
            PolicyVersionRecord(
                policyName: policy.name, generationID: policy.generationID, number: number, document: document,
                creationDate: call.now))
    }
}
