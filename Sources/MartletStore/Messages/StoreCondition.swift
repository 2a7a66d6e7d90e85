/// Whether the message store can take what it is asked to keep.
package enum StoreCondition: Hashable, Sendable {
    case working
    /// No further segment can be had. What makes the store grow must be refused; what ends or settles something is taken,
    /// for that is how room comes back.
    case full(StoreFailure)
    /// Nothing can be written. What was submitted waits in memory, in order, until the disk works again.
    case stalled(StoreFailure)

    package var failure: StoreFailure? {
        switch self {
        case .working: nil
        case .full(let failure), .stalled(let failure): failure
        }
    }

    package var isStalled: Bool {
        if case .stalled = self { true } else { false }
    }
}
