internal import AWSModel
internal import IoTDomain
internal import MartletBase

extension ThingService {
    func list(_ input: IoT.ListThings.Input, _ call: CallContext) async throws -> IoT.ListThings.Output {
        let filter = try ThingFilter(input)
        let request = try PageRequest(
            size: input.maxResults, token: input.nextToken, style: .token,
            scope: "ListThings \(filter.scope)", account: call.account)
        let page = try await registry.page(request, registry.keys(call).things) { filter.accepts($0) }
        let things = page.records.map { thing in
            IoT.ThingAttribute(
                thingName: thing.name, thingTypeName: thing.typeName, thingArn: thing.arn(in: call.realm).description,
                attributes: thing.attributes, version: thing.version)
        }
        return IoT.ListThings.Output(things: things, nextToken: page.nextToken)
    }
}
