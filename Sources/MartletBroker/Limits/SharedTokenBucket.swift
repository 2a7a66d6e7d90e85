import Synchronization

/// A token bucket that all event loops take from: the rates of an account.
///
/// One atomic per account and rate, and no share of it for each loop: a compare-and-swap is a few nanoseconds also where
/// loops meet, which at the 20,000 a second that such rates allow is seldom, and a client gets the whole rate whichever
/// loop it is on. Without the limit there is no bucket and nothing is paid.
package final class SharedTokenBucket: Sendable {
    package let limit: RateLimit
    private let earnedAt = Atomic<UInt64>(0)

    package init(_ limit: RateLimit) { self.limit = limit }

    /// nil without a limit.
    convenience init?(_ perSecond: Int?) {
        guard let limit = RateLimit(perSecond) else { return nil }
        self.init(limit)
    }

    /// Takes `count`, or nothing when there is less.
    package func take(_ count: Int = 1, at now: UInt64) -> Bool {
        var seen = earnedAt.load(ordering: .relaxed)
        while true {
            guard let later = TokenBucket.taking(count, of: limit, from: seen, at: now) else { return false }
            let (isDone, found) = earnedAt.compareExchange(expected: seen, desired: later, ordering: .relaxed)
            if isDone { return true }
            seen = found
        }
    }
}
