internal import AWSModel
internal import IoTDomain
internal import MartletBase

/// The deprecated calls, which name the principal in a header (policies.md section 6 "Versions").
extension PolicyAttachmentService {
    func attachPrincipal(_ input: IoT.AttachPrincipalPolicy.Input, _ call: CallContext) async throws
        -> IoT.AttachPrincipalPolicy.Output
    {
        try await attach(input.policyName, to: input.principal, argument: "principal", call)
        return IoT.AttachPrincipalPolicy.Output()
    }

    func detachPrincipal(_ input: IoT.DetachPrincipalPolicy.Input, _ call: CallContext) async throws
        -> IoT.DetachPrincipalPolicy.Output
    {
        _ = try await registry.require(registry.keys(call).policy(input.policyName))
        try await detach(input.policyName, from: input.principal, argument: "principal", call)
        return IoT.DetachPrincipalPolicy.Output()
    }

    /// `isAscendingOrder` is the order of creation; without it the order is that of the names.
    func listPrincipalPolicies(_ input: IoT.ListPrincipalPolicies.Input, _ call: CallContext) async throws
        -> IoT.ListPrincipalPolicies.Output
    {
        let id = try PrincipalArgument("principal", input.principal, call.realm).certificate
        let ascending = input.ascendingOrder ?? false
        let request = try PageRequest(
            size: input.pageSize, token: input.marker, style: .marker,
            scope: "ListPrincipalPolicies \(ascending) \(id)", account: call.account)
        var places: [String: [UInt8]] = [:]
        let names = try await policyNames(of: id, call)
        for name in names {
            let policy = ascending ? try await registry.read(registry.keys(call).policy(name)) : nil
            places[name] = policy.map(PolicyService.creationOrder) ?? Array(name.utf8)
        }
        let place = { (name: String) in places[name] ?? [] }
        let page = Registry.page(
            request, of: names.sorted { place($0).lexicographicallyPrecedes(place($1)) }, key: place)
        return IoT.ListPrincipalPolicies.Output(
            policies: page.records.map { PolicyService.summary($0, call) }, nextMarker: page.nextToken)
    }

    func listPolicyPrincipals(_ input: IoT.ListPolicyPrincipals.Input, _ call: CallContext) async throws
        -> IoT.ListPolicyPrincipals.Output
    {
        if input.ascendingOrder == true {
            throw ServiceFailure.invalidRequest("isAscendingOrder 'true' is not built yet for ListPolicyPrincipals")
        }
        let page = try await targets(
            of: input.policyName, size: input.pageSize, marker: input.marker, list: "ListPolicyPrincipals", call)
        return IoT.ListPolicyPrincipals.Output(principals: page.records.map(\.target), nextMarker: page.nextToken)
    }
}
