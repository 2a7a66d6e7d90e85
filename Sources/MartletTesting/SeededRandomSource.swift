import MartletBase
import Synchronization

/// Chance that one seed repeats exactly (SplitMix64). Also a generator for `Int.random(in:using:)` by `generator()`.
package final class SeededRandomSource: RandomSource {
    private let state: Mutex<UInt64>

    package init(seed: UInt64) { self.state = Mutex(seed) }

    package func nextUInt64() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// The same sequence for the standard library's `random` and `shuffle` functions.
    package func generator() -> Generator { Generator(source: self) }

    package struct Generator: RandomNumberGenerator, Sendable {
        let source: SeededRandomSource

        package mutating func next() -> UInt64 { source.nextUInt64() }
    }
}
