import Glibc
public import MartletBase

/// The machine's time of day.
public struct SystemClock: WallClock {
    public init() {}

    public func now() -> WallInstant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallInstant(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
