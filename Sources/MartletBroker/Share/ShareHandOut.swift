import MartletStore

/// How far the home loop has come with a group's queue.
struct ShareHandOut {
    let queue: ShareQueue
    /// Everything up to here has been handed out.
    var settledThrough: UInt64 = 0
    var lastKnown: UInt64 = 0
    /// Of `share.drainRate`.
    var drained = TokenBucket()
    var isReading = false
}
