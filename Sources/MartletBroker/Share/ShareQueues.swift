import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// The queues of one account's shared groups, by filter, with how many kept sessions each group has. Its lock is taken
/// by SUBSCRIBE and UNSUBSCRIBE of kept sessions, and by members that get room while something waits.
final class ShareQueues: Sendable {
    private struct Entry {
        let queue: ShareQueue
        var keptMembers: Int
    }

    private let entries = NIOLockedValueBox<[ByteBuffer: Entry]>([:])
    /// Queues of which `ShareQueue.waits` holds.
    let waiting = Atomic<Int>(0)

    subscript(filter: ByteBuffer) -> ShareQueue? { entries.withLockedValue { $0[filter]?.queue } }

    /// One more kept session is a member.
    /// - Parameter make: called for the first.
    func join(_ filter: ByteBuffer, _ make: () -> ShareQueue) -> (queue: ShareQueue, isNew: Bool) {
        entries.withLockedValue { entries in
            if let entry = entries[filter] {
                entries[filter]?.keptMembers += 1
                return (entry.queue, false)
            }
            let queue = make()
            entries[filter] = Entry(queue: queue, keptMembers: 1)
            return (queue, true)
        }
    }

    /// A kept session is no member any more. Returns the queue when it was the last.
    func leave(_ filter: ByteBuffer) -> ShareQueue? {
        entries.withLockedValue { entries in
            guard let entry = entries[filter] else { return nil }
            entries[filter]?.keptMembers -= 1
            guard entry.keptMembers <= 1 else { return nil }
            entries[filter] = nil
            return entry.queue
        }
    }

    var all: [ShareQueue] { entries.withLockedValue { $0.values.map(\.queue) } }
}
