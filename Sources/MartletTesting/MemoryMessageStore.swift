package import MartletStore
package import NIOCore
import Synchronization

/// The message store as its contract says and no more: in memory, without a thread of its own. What is submitted is
/// durable when `sync` is called, or at once. Tests of the broker use it, and the log is compared with it.
package final class MemoryMessageStore: MessageStore {
    fileprivate struct Queue {
        var entries: [UInt64: (target: QueueTarget, body: ByteBuffer)] = [:]
        var lastSequence: UInt64 = 0
        var cursor = QueueCursor()
        var follower: (loop: Int, token: UInt64)?
    }

    private struct State {
        var nextNumber: UInt64 = 0
        var reports: [Int: @Sendable (StoreReport) -> Void] = [:]
        var tickets: [Int: StoreTicket] = [:]
        var waiting: [(loop: Int, ticket: StoreTicket, batch: StoreBatch)] = []
        var queues: [StoreNumber: Queue] = [:]
        var records: [StoreNumber: (revision: UInt64, kind: RecordKind, body: ByteBuffer)] = [:]
        var removed: [StoreNumber: UInt64] = [:]
        var statistics = MessageStoreStatistics()
        var failure: StoreFailure?
    }

    private let state = Mutex(State())
    private let syncsAtOnce: Bool
    private let maxMessages: Int

    /// - Parameters:
    ///   - syncsAtOnce: every submit is durable, and reported, before it returns.
    ///   - maxMessages: of one queue; the newest beyond is dropped.
    package init(syncsAtOnce: Bool = true, maxMessages: Int = .max) {
        self.syncsAtOnce = syncsAtOnce
        self.maxMessages = maxMessages
    }

    package func makeNumber() -> StoreNumber {
        state.withLock { state in
            state.nextNumber += 1
            return StoreNumber(state.nextNumber)
        }
    }

    /// It is never full and never stalls.
    package func retry() {}

    package func attach(loop: Int, _ report: @escaping @Sendable (StoreReport) -> Void) {
        state.withLock { $0.reports[loop] = report }
    }

    package func submit(_ batch: StoreBatch, from loop: Int) -> StoreTicket {
        let ticket = state.withLock { state in
            let ticket = (state.tickets[loop] ?? .zero).next
            state.tickets[loop] = ticket
            state.waiting.append((loop, ticket, batch))
            return ticket
        }
        if syncsAtOnce { sync() }
        return ticket
    }

    /// Makes all that was submitted durable and reports it.
    package func sync() {
        let reports = state.withLock { state in
            var reports: [(@Sendable (StoreReport) -> Void, StoreReport)] = []
            var through: [Int: StoreTicket] = [:]
            var deliveries: [Int: [QueueEntry]] = [:]
            var dropped: [Int: Int] = [:]
            for (loop, ticket, batch) in state.waiting {
                through[loop] = ticket
                if state.failure == nil {
                    dropped[loop, default: 0] += Self.apply(batch, loop, maxMessages, &state, &deliveries)
                }
            }
            if !state.waiting.isEmpty { state.statistics.syncs += 1 }
            state.waiting = []
            for loop in Set(through.keys).union(deliveries.keys).sorted() {
                guard let report = state.reports[loop] else { continue }
                reports.append(
                    (
                        report,
                        StoreReport(
                            through: through[loop] ?? .zero, deliveries: deliveries[loop] ?? [],
                            droppedQueueFull: dropped[loop] ?? 0, failure: state.failure)
                    ))
            }
            return reports
        }
        for (report, content) in reports { report(content) }
    }

    /// From now on nothing becomes durable.
    package func fail(_ failure: StoreFailure) { state.withLock { $0.failure = failure } }

    /// What a crash leaves: all that was durable, and nobody attached.
    package func crash() {
        state.withLock { state in
            state.waiting = []
            state.reports = [:]
            state.tickets = [:]
            for number in state.queues.keys { state.queues[number]?.follower = nil }
        }
    }

    private static func apply(
        _ batch: StoreBatch, _ loop: Int, _ maxMessages: Int, _ state: inout State,
        _ deliveries: inout [Int: [QueueEntry]]
    ) -> Int {
        for following in batch.followings {
            state.queues[following.queue]?.follower = following.follower.map { (loop, $0) }
        }
        var dropped = 0
        for operation in batch.operations ?? [] {
            switch operation {
            case .put(let number, let kind, let revision, let body):
                guard revision >= state.records[number]?.revision ?? 0, revision >= state.removed[number] ?? 0 else { continue }
                state.records[number] = (revision, kind, body)
            case .remove(let number, let revision):
                guard revision >= state.records[number]?.revision ?? 0 else { continue }
                state.records[number] = nil
                state.removed[number] = revision
            case .openQueue(let queue):
                // Who opens a queue may follow it in the same batch.
                let follower = batch.followings.last { $0.queue == queue }?.follower
                state.queues[queue] = Queue(follower: follower.map { (loop, $0) })
            case .endQueue(let queue): state.queues[queue] = nil
            case .moveCursor(let queue, let cursor): state.queues[queue]?.settle(cursor)
            case .append(let targets, let body):
                for target in targets {
                    guard var queue = state.queues[target.queue] else { continue }
                    guard queue.entries.count < maxMessages else {
                        dropped += 1
                        continue
                    }
                    queue.lastSequence += 1
                    queue.entries[queue.lastSequence] = (target, body)
                    state.queues[target.queue] = queue
                    if let (loop, token) = queue.follower {
                        deliveries[loop, default: []].append(
                            QueueEntry(
                                queue: target.queue, sequence: queue.lastSequence, follower: token,
                                subscriptionID: target.subscriptionID, flags: target.flags, body: body))
                    }
                }
            }
        }
        return dropped
    }

    package func read(
        _ queue: StoreNumber, after sequence: UInt64, byteLimit: Int,
        _ done: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        done(.success(state.withLock { $0.queues[queue]?.page(queue, after: sequence, byteLimit) } ?? .empty))
    }

    package var waitingBytes: Int { state.withLock { $0.waiting.reduce(0) { $0 + $1.batch.byteCount } } }

    package func forEachRecord(
        _ visit: (StoreNumber, RecordKind, ByteBuffer) throws(StoreFailure) -> Void
    ) throws(StoreFailure) {
        let records = state.withLock { $0.records }
        for (number, record) in records { try visit(number, record.kind, record.body) }
    }

    package var highestRevision: UInt64 {
        state.withLock { state in
            max(state.records.values.reduce(0) { max($0, $1.revision) }, state.removed.values.max() ?? 0)
        }
    }

    package var queueNumbers: [StoreNumber] { state.withLock { Array($0.queues.keys) } }

    package func queue(_ number: StoreNumber) -> QueueState? {
        state.withLock { state in
            state.queues[number].map { queue in
                QueueState(
                    cursor: queue.cursor, lastSequence: queue.lastSequence, messageCount: queue.entries.count,
                    byteCount: queue.entries.values.reduce(0) { $0 + $1.body.readableBytes })
            }
        }
    }

    package var statistics: MessageStoreStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.queues = state.queues.count
            statistics.records = state.records.count
            statistics.queuedMessages = state.queues.values.reduce(0) { $0 + $1.entries.count }
            return statistics
        }
    }
}

extension MemoryMessageStore.Queue {
    fileprivate mutating func settle(_ new: QueueCursor) {
        cursor = new
        entries = entries.filter { $0.key > new.settledThrough && !new.settledBeyond.contains($0.key) }
    }

    fileprivate func page(_ number: StoreNumber, after sequence: UInt64, _ byteLimit: Int) -> QueuePage {
        var page: [QueueEntry] = []
        var bytes = 0
        for next in entries.keys.sorted() where next > sequence && bytes <= byteLimit {
            guard let (target, body) = entries[next] else { continue }
            bytes += body.readableBytes
            page.append(
                QueueEntry(
                    queue: number, sequence: next, follower: 0, subscriptionID: target.subscriptionID, flags: target.flags,
                    body: body))
        }
        let isWhole = bytes <= byteLimit
        return QueuePage(
            entries: page, coveredThrough: isWhole ? lastSequence : page.last?.sequence ?? lastSequence,
            lastSequence: lastSequence)
    }
}

extension QueuePage {
    fileprivate static let empty = QueuePage(entries: [], coveredThrough: 0, lastSequence: 0)
}
