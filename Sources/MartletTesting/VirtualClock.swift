package import MartletBase
import Synchronization

/// A time of day that stands still until a test moves it.
package final class VirtualClock: WallClock {
    private let milliseconds: Mutex<Int64>

    /// Starts at 2026-01-01T00:00:00Z unless the test wants another moment.
    package init(_ start: WallInstant = WallInstant(millisecondsSinceEpoch: 1_767_225_600_000)) {
        self.milliseconds = Mutex(start.millisecondsSinceEpoch)
    }

    package func now() -> WallInstant { WallInstant(millisecondsSinceEpoch: milliseconds.withLock { $0 }) }

    package func advance(seconds: Int64) { advance(milliseconds: seconds * 1000) }

    package func advance(milliseconds amount: Int64) { milliseconds.withLock { $0 += amount } }

    package func set(_ instant: WallInstant) { milliseconds.withLock { $0 = instant.millisecondsSinceEpoch } }
}
