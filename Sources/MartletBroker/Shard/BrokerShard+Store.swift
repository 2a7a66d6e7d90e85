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
        guard !batch.isEmpty || submitted > durable else { return run(waiter, failure: nil) }
        withBatch { $0.markAwaited() }
        waiters.append((submitted.next, waiter))
    }

    /// Once a second: what nobody waits for does not stay unsynced for longer, and a store that cannot write tries again.
    func syncStore() {
        if storeCondition != .working { store.retry() }
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
        if report.condition != storeCondition { storeHasChanged(to: report.condition) }
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

    /// Every loop hears of it; the first one tells people.
    private func storeHasChanged(to condition: StoreCondition) {
        storeCondition = condition
        if isDraining { stopWaitingForStalledStore() }
        if index == 0 { broker.storeHasChanged(to: condition) }
    }

    /// A server that ends does not wait for a disk that does not work: nothing of what waits was acknowledged.
    func stopWaitingForStalledStore() {
        guard case .stalled(let failure) = storeCondition else { return }
        let waiting = waiters
        waiters.removeAll()
        for (_, waiter) in waiting {
            if case .call = waiter { run(waiter, failure: failure) }
        }
    }

    /// Why a message that has to be kept cannot be; nil while the store takes all there is.
    func refusalToKeep(isRemoval: Bool = false) -> StoreFailure? {
        switch storeCondition {
        case .working: nil
        // What ends something is how room comes back.
        case .full(let failure): isRemoval ? nil : failure
        case .stalled(let failure): failure
        }
    }

    /// Why nobody can be let in who has something to keep, or, with so much waiting already, who leaves any trace.
    func refusalToConnect(beginsSession: Bool, isKept: Bool) -> StoreFailure? {
        switch storeCondition {
        case .working: nil
        case .full(let failure): beginsSession ? failure : nil
        case .stalled(let failure): isKept || isStoreBehind ? failure : nil
        }
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
