/// The sizes of the log.
package struct LogLimits: Sendable {
    /// Size of a segment. A batch that is larger gets a segment of its own size.
    package var segmentBytes = 16 << 20
    /// The log is cleaned when it takes more than twice what is live, and this much more.
    package var cleaningSlackBytes = 64 << 20
    /// What one group commit moves at most while the log is cleaned, so that nobody waits long for it.
    package var cleaningSliceBytes = 1 << 20
    /// `store.maxBytes`: what all segments may take, the one that is kept ready included; nil: the disk is the limit.
    package var maxBytes: Int?
    /// `durability: relaxed`: what is written counts as kept before it is synced; `EmbeddedMessageStore` syncs by the clock.
    package var isRelaxed = false

    package init() {}
}

/// How much one queue may hold; the newest message beyond is dropped.
package struct QueueLimits: Sendable {
    package var maxMessages: Int
    package var maxBytes: Int

    package init(maxMessages: Int = 100_000, maxBytes: Int = 256 << 20) {
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
    }
}
