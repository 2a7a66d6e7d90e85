/// Seeds that once found something. They are run before all others. A seed means the same story only with the same hashes
/// (`SWIFT_DETERMINISTIC_HASHING`, which the program `simulate` sets) and as long as nobody draws numbers in another order.
package enum KnownSeeds {
    /// After a kill the next process built on what was only in the system's cache, and then the power went.
    static let builtOnTheCache: [UInt64] = [5, 137, 183, 248, 263, 342, 370, 376]

    /// A failed write to one place of the manifest was followed by one to the other; a new segment's name was only in the
    /// system's cache when its successor named it; a message that cleared nothing was acknowledged before the one that had
    /// cleared was durable.
    static let refusedOrForgotten: [UInt64] = [125, 191, 634, 790]

    package static let all: [(mode: SimulationOptions.Mode, seeds: [UInt64])] = [
        (.crashes, builtOnTheCache + [125]), (.faults, refusedOrForgotten),
    ]
}
