/// What the message store tells one event loop after each group commit.
package struct StoreReport: Sendable {
    /// All batches of this loop up to here are durable, or have failed.
    package let through: StoreTicket
    /// Durable entries of queues that this loop follows, in order within each queue.
    package let deliveries: [QueueEntry]
    /// Messages that queues at their limit did not take, over all queues that this loop's batches wrote to.
    package let droppedQueueFull: Int
    /// Whether the store can take more from here on.
    package let condition: StoreCondition
    /// The batches up to `through` that are not known to be durable must not be acknowledged, and nothing more will be:
    /// the store has been closed.
    package let failure: StoreFailure?

    package init(
        through: StoreTicket, deliveries: [QueueEntry], droppedQueueFull: Int = 0,
        condition: StoreCondition = .working, failure: StoreFailure? = nil
    ) {
        self.through = through
        self.deliveries = deliveries
        self.droppedQueueFull = droppedQueueFull
        self.condition = condition
        self.failure = failure
    }
}
