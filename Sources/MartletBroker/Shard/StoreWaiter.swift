/// What happens when a batch of this loop is durable.
enum StoreWaiter {
    /// The connection's acknowledgements may leave, as far as they wait for this batch.
    case answers(ConnectionRef)
    /// A kept session is on disk: its client is answered.
    case grant(ConnectClaim, ConnectGrant)
    case event(LifecycleEvent, AccountContext)
    /// From now on the store tells of new entries: what it had before is read.
    case startReading(ConnectionRef)
    /// Somebody outside waits; false when the store has failed.
    case call(@Sendable (Bool) -> Void)
}
