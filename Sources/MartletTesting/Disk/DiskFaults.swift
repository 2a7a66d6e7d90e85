/// What is wrong with a simulated disk at the moment. The default is nothing.
package struct DiskFaults: Hashable, Sendable {
    /// A write is refused with EIO and changes nothing.
    package var failsWrites = false
    /// A write takes a part of its bytes and then fails with EIO.
    package var cutsWrites = false
    /// A sync fails with EIO; what it should have written is lost, though it can still be read until the power goes. A
    /// later sync of the same file does not write it either: the pages count as clean.
    package var failsSyncs = false
    /// A read fails with EIO.
    package var failsReads = false
    /// Whatever changes the disk is refused with EROFS.
    package var isReadOnly = false
    /// What all files together may take; what would take more is refused with ENOSPC. nil: no limit.
    package var capacityBytes: Int?
    /// Of so many operations that could fail, one does.
    package var oneIn = 1
    /// A sync says that it has written and has not: no disk that a store can live with. Shows that a simulation can fail.
    package var pretendsToSync = false

    package init() {}

    /// No fault.
    package static let none = DiskFaults()
}
