internal import AWSModel
internal import IoTDomain
internal import MartletBase

/// Policies attached to targets. Certificates are the targets there are: thing groups are not built, so none exists,
/// and Cognito identities are refused by name.
struct PolicyAttachmentService: Sendable {
    let registry: Registry

    func attach(_ input: IoT.AttachPolicy.Input, _ call: CallContext) async throws -> IoT.AttachPolicy.Output {
        try await attach(input.policyName, to: input.target, argument: "target", call)
        return IoT.AttachPolicy.Output()
    }

    /// Detaching what is not attached succeeds, and so does naming a policy that does not exist.
    func detach(_ input: IoT.DetachPolicy.Input, _ call: CallContext) async throws -> IoT.DetachPolicy.Output {
        try await detach(input.policyName, from: input.target, argument: "target", call)
        return IoT.DetachPolicy.Output()
    }

    func listAttached(_ input: IoT.ListAttachedPolicies.Input, _ call: CallContext) async throws
        -> IoT.ListAttachedPolicies.Output
    {
        let id = try PrincipalArgument("target", input.target, call.realm).certificate
        let target = Principal.certificate(id).text(in: call.realm)
        let request = try PageRequest(
            size: input.pageSize, token: input.marker, style: .marker, scope: "ListAttachedPolicies \(target)",
            account: call.account)
        let page = Registry.page(request, of: try await policyNames(of: id, call)) { Array($0.utf8) }
        return IoT.ListAttachedPolicies.Output(
            policies: page.records.map { PolicyService.summary($0, call) }, nextMarker: page.nextToken)
    }

    func listTargets(_ input: IoT.ListTargetsForPolicy.Input, _ call: CallContext) async throws
        -> IoT.ListTargetsForPolicy.Output
    {
        let page = try await targets(
            of: input.policyName, size: input.pageSize, marker: input.marker, list: "ListTargetsForPolicy", call)
        return IoT.ListTargetsForPolicy.Output(targets: page.records.map(\.target), nextMarker: page.nextToken)
    }

    func attach(_ policyName: String, to argument: String, argument name: String, _ call: CallContext) async throws {
        let id = try PrincipalArgument(name, argument, call.realm).certificate
        let target = Principal.certificate(id).text(in: call.realm)
        try await registry.commit(call) { transaction in
            let keys = transaction.keys
            let policy = try await transaction.require(keys.policy(policyName))
            _ = try await transaction.require(keys.certificate(id))
            let present = try await transaction.read(keys.attachedPolicies(target))
            let changed = try (present ?? AttachedPoliciesRecord(target: target)).attaching(policyName)
            guard let changed else { return }
            transaction.put(keys.attachedPolicies(target), changed)
            transaction.putUnread(
                keys.target(of: policyName, target),
                PolicyTargetRecord(policyName: policyName, target: target, attachedDate: call.now))
            if policy.isDeletionPending {
                transaction.put(keys.policy(policyName), policy.markingDeletion(false))
            }
        }
    }

    func detach(_ policyName: String, from argument: String, argument name: String, _ call: CallContext) async throws {
        let argument = try PrincipalArgument(name, argument, call.realm)
        // A group that does not exist has no policy, and DetachPolicy's model has no exception to say more.
        if case .thingGroup = argument.principal { return }
        let id = try argument.certificate
        let target = Principal.certificate(id).text(in: call.realm)
        try await registry.commit(call) { transaction in
            let keys = transaction.keys
            let key = keys.attachedPolicies(target)
            guard let changed = try await transaction.read(key)?.detaching(policyName) else { return }
            if changed.policyNames.isEmpty {
                transaction.delete(key)
            } else {
                transaction.put(key, changed)
            }
            transaction.deleteEntry(keys.target(of: policyName, target).bytes)
        }
    }

    /// - Throws: ResourceNotFoundException when there is no such certificate.
    func policyNames(of id: CertificateID, _ call: CallContext) async throws -> [String] {
        let keys = registry.keys(call)
        _ = try await registry.require(keys.certificate(id))
        let target = Principal.certificate(id).text(in: call.realm)
        return try await registry.read(keys.attachedPolicies(target))?.policyNames ?? []
    }

    func targets(
        of policyName: String, size: Int?, marker: String?, list: String, _ call: CallContext
    ) async throws -> Page<PolicyTargetRecord> {
        let keys = registry.keys(call)
        _ = try await registry.require(keys.policy(policyName))
        let request = try PageRequest(
            size: size, token: marker, style: .marker, scope: "\(list) \(policyName)", account: call.account)
        return try await registry.page(request, keys.targets(of: policyName))
    }
}
