/// A valid topic filter, shared subscriptions included (MQTT 5.0 sections 4.7 and 4.8.2). Equality is of bytes
/// [MQTT-3.10.4-1].
public struct TopicFilter: Hashable, Sendable {
    /// The filter as sent, with `$share/{name}/` if it is shared.
    public let bytes: [UInt8]
    /// Where the part that is matched begins in `bytes`.
    public let matchedStart: Int

    /// - Throws: the fault of `validate(_:maximumBytes:)`.
    public init(_ bytes: [UInt8], maximumBytes: Int = 65_535) throws(MalformedPacket) {
        let parsed = bytes.withUnsafeBytes { raw in
            Result { () throws(MalformedPacket) in try Self.validate(raw, maximumBytes: maximumBytes) }
        }
        matchedStart = try parsed.get()
        self.bytes = bytes
    }

    public init(_ text: MQTTString, maximumBytes: Int = 65_535) throws(MalformedPacket) {
        try self.init(text.bytes, maximumBytes: maximumBytes)
    }

    public var isShared: Bool { matchedStart > 0 }

    /// The ShareName of a shared subscription.
    public var shareName: MQTTString? {
        isShared ? MQTTString(bytes: Array(bytes[Self.sharePrefix.utf8CodeUnitCount..<matchedStart - 1])) : nil
    }

    /// What is matched with topic names: the filter without `$share/{name}/`.
    public var matched: ArraySlice<UInt8> { bytes[matchedStart...] }

    public var hasWildcards: Bool {
        matched.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }

    /// Whether the filter matches a topic name, by its bytes and without normalisation [MQTT-4.7.3-4].
    public func matches(_ topic: UnsafeRawBufferPointer, multiLevelMatchesParent: Bool = true) -> Bool {
        bytes.withUnsafeBytes { raw in
            Self.matches(
                filter: UnsafeRawBufferPointer(rebasing: raw[matchedStart...]), topic: topic,
                multiLevelMatchesParent: multiLevelMatchesParent)
        }
    }

    public func matches(_ topic: MQTTString, multiLevelMatchesParent: Bool = true) -> Bool {
        topic.bytes.withUnsafeBytes { matches($0, multiLevelMatchesParent: multiLevelMatchesParent) }
    }
}
