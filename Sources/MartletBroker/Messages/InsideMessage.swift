import MQTTCodec
package import NIOCore

/// A message that comes in by another way than a client's packet: HTTPS publish. It goes through the subscription index
/// like any other.
package struct InsideMessage: Sendable {
    package var topic: String
    package var payload: ByteBuffer
    /// 0 or 1.
    package var qos: UInt8
    package var retain: Bool
    /// v5 properties without their length.
    package var properties: ByteBuffer

    package init(topic: String, payload: ByteBuffer, qos: UInt8, retain: Bool, properties: MessageProperties = .init()) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties.encoded()
    }
}

/// The v5 properties of a message by their names. v5 subscribers see them; what is absent is not sent.
package struct MessageProperties: Sendable {
    package var payloadIsUTF8: Bool?
    package var messageExpirySeconds: UInt32?
    package var contentType: String?
    package var responseTopic: String?
    package var correlationData: [UInt8]?
    /// In their order `[MQTT-3.3.2-18]`.
    package var userProperties: [(name: String, value: String)] = []

    package init() {}

    /// Longest string or binary value that a property can hold.
    package static let longestBytes = 65_535

    /// Texts are no longer than `longestBytes` and hold no U+0000; what does is refused before.
    func encoded() -> ByteBuffer {
        var properties = Properties()
        properties.payloadIsUTF8 = payloadIsUTF8
        properties.messageExpiryIntervalSeconds = messageExpirySeconds
        properties.contentType = contentType.map { MQTTString($0) }
        properties.responseTopic = responseTopic.map { MQTTString($0) }
        properties.correlationData = correlationData
        for user in userProperties { properties.appendUserProperty(MQTTString(user.name), MQTTString(user.value)) }
        return (try? properties.encoded()) ?? ByteBuffer()
    }
}

extension RetainedMessage {
    /// Name and value of each v5 user property, in order.
    package var userProperties: [(name: String, value: String)] {
        properties.withUnsafeReadableBytes { bytes in
            Properties.userProperties(in: bytes).map { ($0.name.string, $0.value.string) }
        }
    }
}
