/// A message on its way to its targets. Its bytes are borrowed from whoever publishes, for the length of one call.
struct OutgoingMessage {
    var topic: UnsafeRawBufferPointer
    /// v5 properties without Topic Alias and without their length.
    var properties: UnsafeRawBufferPointer
    var payload: UnsafeRawBufferPointer
    var qos: UInt8
    var retain: Bool
    var topicHash: UInt64
    /// Where the four bytes of the Message Expiry Interval stand in `properties`; nil when there is none.
    var expiryOffset: Int?
    /// The Message Expiry Interval in place of the one that the client sent; nil: that one.
    var expirySeconds: UInt32?
    /// The publisher, for No Local `[MQTT-3.8.3-3]`.
    var publisher: ConnectionRef?
}
