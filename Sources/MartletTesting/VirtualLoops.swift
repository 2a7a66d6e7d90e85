import NIOCore
package import NIOEmbedded

/// Event loops that run when told, on the test's own thread, and the time that they and the broker see.
package struct VirtualLoops {
    package let clock: VirtualClock
    package let loops: [EmbeddedEventLoop]

    package init(count: Int, clock: VirtualClock) {
        self.clock = clock
        loops = (0..<count).map { _ in EmbeddedEventLoop() }
    }

    /// Runs every loop until none has anything to do: what one hands to another may come back.
    package func run() {
        for _ in 0..<20 { for loop in loops { loop.run() } }
    }

    /// Moves both clocks, second by second.
    package func advance(seconds: Int64) {
        for _ in 0..<seconds {
            clock.advance(seconds: 1)
            for loop in loops { loop.advanceTime(by: .seconds(1)) }
            run()
        }
    }

    /// Moves the time of day far ahead; the loops see it with their next second.
    package func jump(seconds: Int64) {
        clock.advance(seconds: seconds - 1)
        advance(seconds: 1)
    }
}
