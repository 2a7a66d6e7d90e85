import MQTTCodec

extension SubscriptionEntry: BitwiseCopyable {}
extension SubscriptionOptions: BitwiseCopyable {}

/// What the publisher's loop must know of a target that may live on another one.
extension SubscriptionOptions {
    /// The subscriber speaks MQTT 5.
    static let v5 = SubscriptionOptions(rawValue: 1 << 5)
    /// In a list of targets: no target of its own, but one more Subscription Identifier of the one before it
    /// `[MQTT-3.3.4-4]`.
    static let furtherID = SubscriptionOptions(rawValue: 1 << 6)

    init(qos: UInt8, noLocal: Bool, retainAsPublished: Bool, version: ProtocolVersion) {
        var flags: SubscriptionOptions = []
        if noLocal { flags.insert(.noLocal) }
        if retainAsPublished { flags.insert(.retainAsPublished) }
        if version == .v5 { flags.insert(.v5) }
        self.init(qos: qos, flags)
    }

    /// Two subscriptions of one client match one message: one copy, at the higher QoS `[MQTT-3.3.5-1]`, with RETAIN as
    /// published if either asks for it, and not to the publisher itself if neither wants that.
    func merged(with other: SubscriptionOptions) -> SubscriptionOptions {
        SubscriptionOptions(
            qos: max(qos, other.qos),
            union(other).intersection([.v5, .retainAsPublished]).union(intersection(other).intersection(.noLocal)))
    }
}
