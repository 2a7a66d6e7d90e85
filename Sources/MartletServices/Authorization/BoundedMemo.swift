internal import Synchronization

/// Remembers values that never change for their key and are costly to make. When it is full it starts again empty:
/// what is used comes back at the cost of being made once.
final class BoundedMemo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private let values = Mutex<[Key: Value]>([:])

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { values.withLock(\.count) }

    /// Two callers that come at once may both make the value; either is right.
    func value<Failure: Error>(for key: Key, make: () throws(Failure) -> Value) throws(Failure) -> Value {
        if let known = values.withLock({ $0[key] }) { return known }
        let made = try make()
        values.withLock { values in
            if values.count >= limit { values.removeAll() }
            values[key] = made
        }
        return made
    }
}
