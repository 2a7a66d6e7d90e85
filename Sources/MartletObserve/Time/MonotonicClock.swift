import Glibc

/// Time that never jumps, for measuring how long something took. Its zero has no meaning.
package struct MonotonicClock: Sendable {
    package init() {}

    package func nowNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Whole milliseconds from an earlier `nowNanoseconds()` until now.
    package func milliseconds(since startNanoseconds: UInt64) -> UInt64 {
        (nowNanoseconds() - startNanoseconds) / 1_000_000
    }
}
