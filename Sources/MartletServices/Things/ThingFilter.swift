internal import AWSModel
internal import IoTDomain

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
