import Logging
import MartletBase
import MartletStore
import NIOCore

/// The loop's side of the message store: one batch for each turn, and what waits for it.
extension BrokerShard {
    /// Adds to what this turn stores.
    @inline(__always)
    func withBatch(_ write: (inout StoreBatch) -> Void) {
        write(&batch)
        scheduleTurnEnd()
    }

    /// Does it when all that this loop has stored up to now is durable; at once if it is already.
    func afterDurable(_ waiter: StoreWaiter) {
        guard !batch.isEmpty || submitted > durable else { return run(waiter, failure: storeFailure) }
        withBatch { $0.markAwaited() }
        waiters.append((submitted.next, waiter))
    }

    /// Once a second: what nobody waits for does not stay unsynced for longer.
    func syncStore() {
        guard submitted > durable else { return }
        withBatch { $0.markAwaited() }
    }

    /// Hands the turn's batch over.
    func submitBatch() {
        storeCursors()
        guard !batch.isEmpty else { return }
        var full = StoreBatch()
        swap(&full, &batch)
        submitted = store.submit(full, from: Int(index))
        isStoreBehind = store.waitingBytes > Self.storeWaitingBytes
    }

    /// A group commit has ended.
    func stored(_ report: StoreReport) {
        durable = max(durable, report.through)
        counters.droppedQueueFull += report.droppedQueueFull
        if let failure = report.failure { storeHasFailed(failure) }
        while let (ticket, waiter) = waiters.first, ticket <= durable {
            waiters.removeFirst()
            run(waiter, failure: report.failure)
        }
        offer(report.deliveries)
        catchUp()
    }

    private func run(_ waiter: StoreWaiter, failure: StoreFailure?) {
        switch waiter {
        case .answers(let ref):
            guard let connection = connection(ref) else { return }
            if let failure { return close(connection, .storeFailed(failure)) }
            releaseAnswers(of: connection)
        case .grant(let claim, let grant):
            if let failure { return takeBack(claim, grant, failure) }
            post(.granted(claim, grant), to: claim.ref.loop)
        case .event(let event, let account):
            if failure == nil { publish(event, account, reach: .connections) }
        case .startReading(let ref):
            guard let connection = connection(ref), let session = connection.session else { return }
            session.isReading = false
            read(session, for: connection)
        case .call(let done): done(failure == nil)
        }
    }

    private func storeHasFailed(_ failure: StoreFailure) {
        guard storeFailure == nil else { return }
        storeFailure = failure
        logger.critical("the message store has failed: what must be kept is refused", metadata: failure.metadata)
        broker.storeFailed(failure)
    }

    /// The store has taken what waited: publishers who paused go on.
    private func catchUp() {
        guard isStoreBehind, store.waitingBytes <= Self.storeWaitingBytes else { return }
        isStoreBehind = false
        for connection in openConnections {
            connection.waitsForStore = false
            if connection.retainedDeliveries != nil { markDirty(connection) }
            if mayRead(connection) { connection.transport.resumeReading() }
        }
    }

    /// Bytes that may wait to be stored before publishers who wait for them stop being read.
    private static let storeWaitingBytes = 64 << 20
}
