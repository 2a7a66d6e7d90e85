/// A message that the server delivered.
public struct DeviceMessage: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var qos: QoS
    /// The message was retained by the server before this device subscribed.
    public var retain: Bool

    public init(topic: String, payload: [UInt8], qos: QoS, retain: Bool = false) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
    }
}
