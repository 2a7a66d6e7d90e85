/// What one pass over the properties of a PUBLISH finds (MQTT 5.0 section 3.3.2.3). Offsets count from the first byte
/// of the properties.
@frozen public struct PublishProperties: Hashable, Sendable {
    /// Seconds; nil if absent.
    public var messageExpiryInterval: UInt32?
    /// 0 if absent.
    public var topicAlias: UInt16 = 0
    public var payloadIsUTF8 = false
    public var hasSubscriptionIdentifier = false
    public var hasResponseTopic = false
    /// Lengths in bytes, for the limits of mqtt-broker.md section 13.
    public var contentTypeLength: UInt16 = 0
    public var responseTopicLength: UInt16 = 0
    public var correlationDataLength: UInt16 = 0
    /// Names and values of all user properties together.
    public var userPropertyBytes: UInt32 = 0
    /// Where the identifiers of these two properties lie, if they are present.
    public var messageExpiryOffset: UInt32 = 0
    public var topicAliasOffset: UInt32 = 0

    @inlinable public init() {}
    @inlinable public static var none: PublishProperties { PublishProperties() }

    /// Length of what `appendForwarded` writes.
    @inlinable public func forwardedLength(of properties: UnsafeRawBufferPointer) -> Int {
        properties.count - (topicAlias != 0 ? 3 : 0)
    }
}
