internal import AWSModel
internal import MartletBase
internal import MartletBroker

extension MessageProperties {
    /// The v5 properties that a Publish carries in its query and headers (mqtt-broker.md section 4).
    init(_ input: IoTData.Publish.Input) throws(ServiceFailure) {
        self.init()
        payloadIsUTF8 = input.payloadFormatIndicator.map { $0 == "UTF8_DATA" }
        messageExpirySeconds = try Self.expiry(input.messageExpiry)
        contentType = try Self.text(input.contentType, "contentType")
        responseTopic = try Self.responseTopic(input.responseTopic)
        correlationData = try Self.correlationData(input.correlationData)
        userProperties = try Self.userProperties(input.userProperties)
    }

    private static func expiry(_ seconds: Int?) throws(ServiceFailure) -> UInt32? {
        guard let seconds else { return nil }
        guard let value = UInt32(exactly: seconds) else {
            throw .invalid("messageExpiry", "must be 0 to \(UInt32.max) seconds")
        }
        return value
    }

    private static func text(_ text: String?, _ member: String) throws(ServiceFailure) -> String? {
        guard let text else { return nil }
        guard text.utf8.count <= longestBytes else { throw .invalid(member, "is longer than \(longestBytes) bytes") }
        guard !text.utf8.contains(0) else { throw .invalid(member, "holds the character U+0000") }
        return text
    }

    private static func responseTopic(_ topic: String?) throws(ServiceFailure) -> String? {
        guard let topic = try text(topic, "responseTopic") else { return nil }
        guard !topic.isEmpty, !topic.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) else {
            throw .invalid("responseTopic", "must be a topic without wildcards")
        }
        return topic
    }

    private static func correlationData(_ text: String?) throws(ServiceFailure) -> [UInt8]? {
        guard let text else { return nil }
        guard let bytes = Base64.bytes(text) else { throw .invalid("correlationData", "must be Base64") }
        guard bytes.count <= longestBytes else {
            throw .invalid("correlationData", "is longer than \(longestBytes) bytes")
        }
        return bytes
    }

    /// A JSON array of objects with one member each, so that names may repeat and keep their order.
    private static func userProperties(_ json: String?) throws(ServiceFailure) -> [(name: String, value: String)] {
        guard let json else { return [] }
        let wrong = ServiceFailure.invalid(
            "userProperties", "must be a JSON array of objects, each with one name and a string")
        guard let elements = (try? JSONParser.parse(json))?.arrayValue else { throw wrong }
        var properties: [(name: String, value: String)] = []
        for element in elements {
            guard let object = element.objectValue, object.names.count == 1, let name = object.names.first,
                let value = object[name]?.stringValue
            else { throw wrong }
            guard let name = try text(name, "userProperties"), let value = try text(value, "userProperties") else {
                throw wrong
            }
            properties.append((name, value))
        }
        return properties
    }
}

extension ServiceFailure {
    /// 400, naming the member.
    static func invalid(_ member: String, _ problem: String) -> ServiceFailure {
        .invalidRequest("\(member) \(problem)")
    }
}
