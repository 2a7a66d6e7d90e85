package import NIOCore

/// One message in one queue.
package struct QueueEntry: Sendable {
    package let queue: StoreNumber
    /// Its place in the queue: the first entry has 1, each further one 1 more.
    package let sequence: UInt64
    /// What the queue's follower gave as its token; 0 for entries that were read.
    package let follower: UInt64
    package let subscriptionID: UInt32
    package let flags: UInt8
    package let body: ByteBuffer

    package init(
        queue: StoreNumber, sequence: UInt64, follower: UInt64, subscriptionID: UInt32, flags: UInt8, body: ByteBuffer
    ) {
        self.queue = queue
        self.sequence = sequence
        self.follower = follower
        self.subscriptionID = subscriptionID
        self.flags = flags
        self.body = body
    }
}

/// Entries of one queue in order of sequence, without those that are settled.
package struct QueuePage: Sendable {
    package let entries: [QueueEntry]
    /// The last sequence that the page covers: what is not in `entries` up to here is settled.
    package let coveredThrough: UInt64
    /// The queue's last sequence when the page was read.
    package let lastSequence: UInt64

    package init(entries: [QueueEntry], coveredThrough: UInt64, lastSequence: UInt64) {
        self.entries = entries
        self.coveredThrough = coveredThrough
        self.lastSequence = lastSequence
    }
}

/// What a queue holds now.
package struct QueueState: Sendable {
    package let cursor: QueueCursor
    package let lastSequence: UInt64
    /// Messages that are not settled, and the bytes of their bodies.
    package let messageCount: Int
    package let byteCount: Int

    package init(cursor: QueueCursor, lastSequence: UInt64, messageCount: Int, byteCount: Int) {
        self.cursor = cursor
        self.lastSequence = lastSequence
        self.messageCount = messageCount
        self.byteCount = byteCount
    }
}
