/// One target of the subscription index: which session, where it lives, and how it wants the message. 16 bytes.
public struct SubscriptionEntry: Equatable, Sendable {
    /// The session's slot on its event loop. With `loop` it identifies the subscriber.
    public var subscriber: UInt32
    /// The slot's generation, by which a late batch for a session that has moved is recognised.
    public var generation: UInt32
    /// The MQTT 5 Subscription Identifier; 0 means none.
    public var subscriptionID: UInt32
    /// The event loop that owns the session.
    public var loop: UInt16
    public var options: SubscriptionOptions

    @inlinable
    public init(
        subscriber: UInt32, loop: UInt16, generation: UInt32, options: SubscriptionOptions, subscriptionID: UInt32 = 0
    ) {
        self.subscriber = subscriber
        self.generation = generation
        self.subscriptionID = subscriptionID
        self.loop = loop
        self.options = options
    }

    @inline(__always)
    func belongs(to subscriber: UInt32, on loop: UInt16) -> Bool {
        self.subscriber == subscriber && self.loop == loop
    }
}
