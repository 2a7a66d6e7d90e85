internal import AWSModel
internal import IoTDomain
internal import MartletBase

extension ThingPrincipalService {
    func listPrincipals(_ input: IoT.ListThingPrincipals.Input, _ call: CallContext) async throws
        -> IoT.ListThingPrincipals.Output
    {
        let page = try await principals(
            of: input.thingName, type: nil, size: input.maxResults, token: input.nextToken,
            list: "ListThingPrincipals", call)
        return IoT.ListThingPrincipals.Output(principals: page.records.map(\.principal), nextToken: page.nextToken)
    }

    func listPrincipalsV2(_ input: IoT.ListThingPrincipalsV2.Input, _ call: CallContext) async throws
        -> IoT.ListThingPrincipalsV2.Output
    {
        let page = try await principals(
            of: input.thingName, type: try Self.type(input.thingPrincipalType), size: input.maxResults,
            token: input.nextToken, list: "ListThingPrincipalsV2", call)
        return IoT.ListThingPrincipalsV2.Output(
            thingPrincipalObjects: page.records.map {
                IoT.ThingPrincipalObject(principal: $0.principal, thingPrincipalType: $0.type.rawValue)
            }, nextToken: page.nextToken)
    }

    func listThings(_ input: IoT.ListPrincipalThings.Input, _ call: CallContext) async throws
        -> IoT.ListPrincipalThings.Output
    {
        let page = try await things(
            of: input.principal, type: nil, size: input.maxResults, token: input.nextToken,
            list: "ListPrincipalThings", call)
        return IoT.ListPrincipalThings.Output(things: page.records.map(\.thingName), nextToken: page.nextToken)
    }

    func listThingsV2(_ input: IoT.ListPrincipalThingsV2.Input, _ call: CallContext) async throws
        -> IoT.ListPrincipalThingsV2.Output
    {
        let page = try await things(
            of: input.principal, type: try Self.type(input.thingPrincipalType), size: input.maxResults,
            token: input.nextToken, list: "ListPrincipalThingsV2", call)
        return IoT.ListPrincipalThingsV2.Output(
            principalThingObjects: page.records.map {
                IoT.PrincipalThingObject(thingName: $0.thingName, thingPrincipalType: $0.type.rawValue)
            }, nextToken: page.nextToken)
    }

    private func principals(
        of thing: String, type: ThingPrincipalType?, size: Int?, token: String?, list: String, _ call: CallContext
    ) async throws -> Page<ThingPrincipalRecord> {
        let keys = registry.keys(call)
        _ = try await registry.require(keys.thing(thing))
        let request = try PageRequest(
            size: size, token: token, style: .token, scope: "\(list) \(thing) \(type?.rawValue ?? "")",
            account: call.account)
        return try await registry.page(request, keys.principals(of: thing)) { type == nil || $0.type == type }
    }

    private func things(
        of argument: String, type: ThingPrincipalType?, size: Int?, token: String?, list: String, _ call: CallContext
    ) async throws -> Page<ThingPrincipalRecord> {
        let id = try PrincipalArgument("principal", argument, call.realm).certificate
        let keys = registry.keys(call)
        _ = try await registry.require(keys.certificate(id))
        let request = try PageRequest(
            size: size, token: token, style: .token, scope: "\(list) \(id) \(type?.rawValue ?? "")",
            account: call.account)
        return try await registry.page(
            request, keys.things(of: Principal.certificate(id).text(in: call.realm))
        ) { type == nil || $0.type == type }
    }
}
