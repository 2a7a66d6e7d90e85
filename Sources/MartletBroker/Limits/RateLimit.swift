/// So many a second on average, and at most a second's worth at once.
package struct RateLimit: Hashable, Sendable {
    package let perSecond: Int
    /// What one costs, in nanoseconds. Whole numbers: above some 30,000 a second the rate is a little higher than
    /// asked, by less than 0.1 %.
    let cost: UInt64

    /// nil where there is no limit.
    package init?(_ perSecond: Int?) {
        guard let perSecond, perSecond > 0 else { return nil }
        self.perSecond = perSecond
        cost = max(1, TokenBucket.nanosecondsPerSecond / UInt64(perSecond))
    }
}
