internal import AWSModel
internal import IoTDomain
internal import MartletBase

extension ThingService {
    /// Things one call looks at. A filter that few things pass ends with a short page and a token.
    static let examinedPerCall = 5_000

    func list(_ input: IoT.ListThings.Input, _ call: CallContext) async throws -> IoT.ListThings.Output {
        let filter = try ThingFilter(input)
        let request = try PageRequest(
            size: input.maxResults, token: input.nextToken, style: .token,
            scope: "ListThings \(filter.scope)", account: call.account)
        let page = try await registry.page(request, registry.keys(call).things, examining: Self.examinedPerCall) {
            filter.accepts($0)
        }
        let things = page.records.map { thing in
            IoT.ThingAttribute(
                thingName: thing.name, thingTypeName: thing.typeName, thingArn: thing.arn(in: call.realm).description,
                attributes: thing.attributes, version: thing.version)
        }
        return IoT.ListThings.Output(things: things, nextToken: page.nextToken)
    }
}

/// Which things ListThings shows.
struct ThingFilter: Hashable, Sendable {
    let attributeName: String?
    let attributeValue: String?
    let isPrefix: Bool
    let typeName: String?

    init(_ input: IoT.ListThings.Input) throws(ServiceFailure) {
        attributeName = input.attributeName
        attributeValue = input.attributeValue
        isPrefix = input.usePrefixAttributeValue ?? false
        typeName = input.thingTypeName
        if let attributeValue, attributeName == nil {
            throw .invalidRequest("attributeValue '\(attributeValue)' needs attributeName beside it")
        }
        if isPrefix, attributeValue == nil {
            throw .invalidRequest("usePrefixAttributeValue 'true' needs attributeValue beside it")
        }
    }

    /// What a page token is bound to.
    var scope: String { "\(attributeName ?? "") \(attributeValue ?? "") \(isPrefix) \(typeName ?? "")" }

    func accepts(_ thing: ThingRecord) -> Bool {
        if let typeName, thing.typeName != typeName { return false }
        guard let attributeName else { return true }
        guard let value = thing.attributes[attributeName] else { return false }
        guard let attributeValue else { return true }
        return isPrefix ? value.hasPrefix(attributeValue) : value == attributeValue
    }
}
