/// A token bucket of one second's worth, as one number: the time at which everything that was taken will have been
/// earned again. A bucket that nobody has used is full, so a new one needs no time to start with.
///
/// Times are nanoseconds of a clock that does not run backwards, such as the event loop's.
package struct TokenBucket: Hashable, Sendable, BitwiseCopyable {
    static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    private var earnedAt: UInt64 = 0

    package init() {}

    init(earnedAt: UInt64) { self.earnedAt = earnedAt }

    /// Takes `count`, or nothing when there is less.
    package mutating func take(_ count: Int = 1, of limit: RateLimit, at now: UInt64) -> Bool {
        guard let later = Self.taking(count, of: limit, from: earnedAt, at: now) else { return false }
        earnedAt = later
        return true
    }

    /// Whether `take` would succeed.
    package func has(_ count: Int = 1, of limit: RateLimit, at now: UInt64) -> Bool {
        Self.taking(count, of: limit, from: earnedAt, at: now) != nil
    }

    /// Takes `count` whatever there is: what could not be refused is a debt.
    package mutating func charge(_ count: Int, of limit: RateLimit, at now: UInt64) {
        earnedAt = max(earnedAt, now) + UInt64(max(0, count)) * limit.cost
    }

    /// More was charged than there was.
    package func isInDebt(at now: UInt64) -> Bool { earnedAt > now + Self.nanosecondsPerSecond }

    /// Nothing of it is in use, so it may be forgotten.
    func isFull(at now: UInt64) -> Bool { earnedAt <= now }

    /// The new `earnedAt`; nil when there is less than `count`.
    static func taking(_ count: Int, of limit: RateLimit, from earnedAt: UInt64, at now: UInt64) -> UInt64? {
        let later = max(earnedAt, now) + UInt64(max(0, count)) * limit.cost
        return later <= now + nanosecondsPerSecond ? later : nil
    }
}
