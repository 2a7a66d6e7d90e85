import MartletBase
import MartletStore

/// The start: what an earlier process knew of this loop's client ids.
extension BrokerShard {
    func restore(_ clients: [RestoredClient]) {
        for client in clients {
            let entry = ClientEntry(key: client.record.key, account: client.account, number: client.number)
            entry.presence = client.record.presence
            entry.session = client.session
            entry.waitingWill = client.record.waitingWill
            counters.subscriptions += client.session?.subscriptions.count ?? 0
            directory.add(entry)
            if let open = client.record.open { openAtCrash.append((entry, open)) } else { schedule(entry) }
        }
    }

    func remove(_ orphans: Orphans) {
        guard !orphans.isEmpty else { return }
        withBatch { batch in
            for number in orphans.records { batch.remove(number) }
            for queue in orphans.queues { batch.endQueue(queue) }
        }
    }

    package func closeAllAfterCrash() {
        let open = openAtCrash
        openAtCrash = []
        for (entry, network) in open { closeAfterCrash(entry, network) }
        // And what came due while no server ran.
        expireClients()
    }
}
