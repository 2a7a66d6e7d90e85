/// The options of a subscription in one byte: bits 0 and 1 are the granted QoS, the others are flags. Bits 5 to 7 are
/// free for the broker and are stored as given.
public struct SubscriptionOptions: OptionSet, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The granted maximum QoS, 0 to 2, with flags.
    @inlinable
    public init(qos: UInt8, _ flags: SubscriptionOptions = []) {
        rawValue = flags.rawValue & ~0b11 | qos & 0b11
    }

    /// The publisher's own connection gets no copy [MQTT-3.8.3-3].
    public static let noLocal = SubscriptionOptions(rawValue: 1 << 2)
    /// The RETAIN flag is forwarded as it was published [MQTT-3.3.1-12, MQTT-3.3.1-13].
    public static let retainAsPublished = SubscriptionOptions(rawValue: 1 << 3)
    /// The entry stays in the index, and whoever reads it decides not to deliver now.
    public static let suspended = SubscriptionOptions(rawValue: 1 << 4)

    @inlinable
    public var qos: UInt8 { rawValue & 0b11 }
}
