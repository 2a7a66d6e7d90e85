import MartletStore

/// A subscription as its session holds it: the granted options, and the record that brings it back after a restart.
struct HeldSubscription {
    var options: SubscriptionOptions
    /// The MQTT 5 Subscription Identifier; 0 means none.
    var subscriptionID: UInt32 = 0
    /// `.none` for a session that ends with its connection.
    let number: StoreNumber
}
