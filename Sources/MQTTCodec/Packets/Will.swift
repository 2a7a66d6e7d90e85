package import NIOCore

/// The message that a server publishes when a connection ends without DISCONNECT (MQTT 5.0 section 3.1.2.5).
package struct Will: Hashable, Sendable {
    /// UTF-8, and not checked further: a bad will topic has a CONNACK code of its own (mqtt-broker.md section 5).
    package var topic: MQTTString
    package var payload: ByteBuffer
    package var qos: QoS
    package var retain: Bool
    /// Version 5: Will Delay Interval and the properties of the PUBLISH to be.
    package var properties: Properties

    package init(
        topic: MQTTString, payload: ByteBuffer, qos: QoS = .atMostOnce, retain: Bool = false,
        properties: Properties = .none
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
    }
}
