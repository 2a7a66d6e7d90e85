/// The subscription table of one account, shared by all event loops.
///
/// A loop takes its own lock, which nobody else wants unless somebody writes, once per read batch and matches as often
/// as it likes. A writer takes the locks of all loops in loop order, applies its changes together and lets go. So
/// readers never wait for each other, two writers cannot block each other for ever, and nobody sees half a change.
///
/// `@unchecked Sendable` because the compiler cannot see the rule that makes it true: `table` and `epoch` are written
/// only with all locks held and read only with at least one held.
public final class SubscriptionIndex: @unchecked Sendable {
    /// Read it between `lockForReading(loop:)` and `unlock(loop:)`, write it in `withWriter` only.
    public let table: SubscriptionTable
    /// Rises with each write. A match result kept with the epoch it was made in is good while the epoch is the same.
    /// Read it under the reader's lock.
    public private(set) var epoch: UInt64 = 1

    private let locks: LoopLocks

    /// - Parameters:
    ///   - loopCount: readers are named by loop numbers below this.
    ///   - seed: different in each process; see `SubscriptionTable`.
    public init(loopCount: Int, seed: UInt64, multiLevelMatchesParent: Bool = true) {
        precondition(loopCount > 0)
        table = SubscriptionTable(seed: seed, multiLevelMatchesParent: multiLevelMatchesParent)
        locks = LoopLocks(count: loopCount)
    }

    /// Begins a read batch of this loop. Not to be nested, and no `withWriter` before `unlock(loop:)`: a debug build
    /// stops at either.
    public func lockForReading(loop: Int) { locks.lock(loop) }

    /// Ends the read batch.
    public func unlock(loop: Int) { locks.unlock(loop) }

    /// A read batch as a scope.
    @inlinable
    public func withReader<Result, Failure: Error>(
        loop: Int, _ read: (SubscriptionTable) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lockForReading(loop: loop)
        defer { unlock(loop: loop) }
        return try read(table)
    }

    /// Applies changes that readers see all at once. Put a turn's changes into one call: it stops every loop's reading
    /// meanwhile. Never call it while holding a reader's lock.
    @inlinable
    public func withWriter<Result, Failure: Error>(
        _ write: (SubscriptionTable) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lockForWriting()
        defer { unlockAfterWriting() }
        return try write(table)
    }

    @usableFromInline
    func lockForWriting() {
        for loop in 0..<locks.count { locks.lock(loop) }
        epoch += 1
    }

    @usableFromInline
    func unlockAfterWriting() {
        for loop in (0..<locks.count).reversed() { locks.unlock(loop) }
    }
}
