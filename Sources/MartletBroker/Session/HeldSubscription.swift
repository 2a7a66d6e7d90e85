import MartletStore

/// A subscription as its session holds it: the granted options, and the record that brings it back after a restart.
struct HeldSubscription {
    var options: SubscriptionOptions
    /// `.none` for a session that ends with its connection.
    let number: StoreNumber
}
