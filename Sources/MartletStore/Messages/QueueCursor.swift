/// How far the reader of a queue has come.
package struct QueueCursor: Hashable, Sendable {
    /// All entries up to this sequence are settled: acknowledged, expired or discarded. They are forgotten.
    package var settledThrough: UInt64
    /// Entries up to this sequence have been sent at least once: a repetition carries DUP.
    package var sentThrough: UInt64
    /// Entries beyond `settledThrough` that were settled out of turn, ascending.
    package var settledBeyond: [UInt64]

    package init(settledThrough: UInt64 = 0, sentThrough: UInt64 = 0, settledBeyond: [UInt64] = []) {
        self.settledThrough = settledThrough
        self.sentThrough = sentThrough
        self.settledBeyond = settledBeyond
    }
}
