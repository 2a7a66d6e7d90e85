import NIOConcurrencyHelpers

/// The counters of all loops as they come in; the last one has the sum.
final class GatheredCounters: Sendable {
    private let state: NIOLockedValueBox<(sum: BrokerCounters, missing: Int)>

    init(loops: Int) { state = NIOLockedValueBox((BrokerCounters(), loops)) }

    /// - Returns: the sum, when none is missing any more.
    func add(_ counters: BrokerCounters) -> BrokerCounters? {
        state.withLockedValue { state in
            state.sum = state.sum + counters
            state.missing -= 1
            return state.missing == 0 ? state.sum : nil
        }
    }
}
