import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// Connections as operators see and end them.
extension BrokerShard {
    /// nil for a connection that was never accepted.
    func facts(of connection: ClientConnection, _ session: PersistentSession?) -> ConnectionFacts? {
        guard let connectedAt = connection.connectedAt else { return nil }
        return ConnectionFacts(
            clientID: connection.clientID, account: connection.account.account,
            principal: connection.peer.principalIdentifier, address: connection.peer.address, port: connection.peer.port,
            thingName: connection.thingName, connectedAt: connectedAt,
            protocolLevel: Int(connection.version.rawValue), keepAliveSeconds: Int(connection.askedKeepAliveSeconds),
            subscriptionCount: connection.subscriptions?.count ?? session?.subscriptions.count ?? 0,
            sessionExpirySeconds: session?.expirySeconds,
            inflightCount: session?.window.openCount ?? connection.inflight.count,
            queuedCount: session?.backlog ?? connection.pending?.count ?? 0)
    }

    /// A page of this loop's live connections of one account, by client id.
    func connections(
        in account: AccountID, prefix: String, after cursor: String?, limit: Int
    ) -> FactsPage<ConnectionFacts> {
        var smallest = SmallestElements<ConnectionPlace>(limit: limit)
        for connection in openConnections
        where connection.phase == .connected && connection.account.account == account
            && connection.clientID.hasPrefix(prefix) && cursor.map({ $0.isBytewiseBefore(connection.clientID) }) ?? true
        {
            smallest.add(ConnectionPlace(clientID: connection.clientID, slot: connection.slot))
        }
        let found = smallest.sorted.compactMap { place in
            connections[Int(place.slot)].flatMap { facts(of: $0, $0.session) }
        }
        return FactsPage(elements: found, hasMore: smallest.hasMore)
    }

    private struct ConnectionPlace: Comparable {
        let clientID: String
        let slot: UInt32
        static func < (one: ConnectionPlace, other: ConnectionPlace) -> Bool {
            one.clientID.isBytewiseBefore(other.clientID)
        }
    }

    /// A page of subscriptions, by filter.
    func page(
        _ subscriptions: [ByteBuffer: HeldSubscription], after cursor: String?, limit: Int
    ) -> FactsPage<SubscriptionFacts> {
        var smallest = SmallestElements<SubscriptionPlace>(limit: limit)
        for (filter, held) in subscriptions {
            let text = String(buffer: filter)
            if let cursor, !cursor.isBytewiseBefore(text) { continue }
            smallest.add(SubscriptionPlace(filter: text, qos: Int(held.options.qos)))
        }
        let found = smallest.sorted.map { SubscriptionFacts(filter: $0.filter, qos: $0.qos) }
        return FactsPage(elements: found, hasMore: smallest.hasMore)
    }

    private struct SubscriptionPlace: Comparable {
        let filter: String
        let qos: Int
        static func < (one: SubscriptionPlace, other: SubscriptionPlace) -> Bool {
            one.filter.isBytewiseBefore(other.filter)
        }
    }
}

// MARK: The home loop

extension BrokerShard {
    /// Where what is asked about a client id can be found.
    enum Whereabouts: Sendable {
        case nowhere
        case connected(ConnectionRef)
        case away(ConnectionStatus)
    }

    func whereabouts(of key: ClientKey) -> Whereabouts {
        guard let entry = directory[key] else { return .nowhere }
        if let owner = entry.owner { return .connected(owner) }
        guard let left = entry.presence.disconnectedAt else { return .nowhere }
        let isRecent = broker.clock.now() < left.advanced(bySeconds: ConnectionStatus.rememberedSeconds)
        guard isRecent || entry.session != nil else { return .nowhere }
        return .away(
            ConnectionStatus(
                isConnected: false, facts: entry.lastConnection?.facts, disconnectedAt: left,
                disconnectReason: entry.presence.disconnectReason,
                sessionExpirySeconds: entry.session?.expirySeconds))
    }

    /// The subscriptions of a session whose client is away; nil where none is kept.
    func subscriptionsAway(_ key: ClientKey) -> [ByteBuffer: HeldSubscription]? {
        directory[key]?.session?.subscriptions
    }

    /// Ends the client's connection, and what else the call asks for.
    func delete(_ key: ClientKey, _ pending: PendingDeletion) {
        guard let entry = directory[key] else { return pending.done(.notFound) }
        if let owner = entry.owner {
            entry.deletions.append(pending)
            let deletion = pending.deletion
            broker.mailboxes[Int(owner.loop)].post(.run { $0.end(owner, deletion) })
            return
        }
        guard entry.session != nil else { return pending.done(.notFound) }
        finish(pending, of: entry)
        schedule(entry)
    }

    /// The owner has gone: whoever waited for that is answered when it is on disk. Before the client id is given to the
    /// next.
    func finishDeletions(of entry: ClientEntry) {
        for pending in exchange(&entry.deletions, with: []) { finish(pending, of: entry) }
    }

    private func finish(_ pending: PendingDeletion, of entry: ClientEntry) {
        let dropsWill = pending.deletion.preventsWill && entry.waitingWill != nil && !entry.isPublishingWill
        if dropsWill { entry.waitingWill = nil }
        let endsSession = pending.deletion.endsSession && entry.session != nil
        if endsSession { endSession(of: entry) }
        if dropsWill || endsSession { write(entry, session: entry.session, open: nil) }
        let done = pending.done
        afterDurable(.call { done($0 ? .done : .storeFailed) })
    }

    // MARK: The connection's loop

    /// The home loop hears of it as of any other end. A connection that has ended meanwhile has told it already.
    private func end(_ ref: ConnectionRef, _ deletion: ConnectionDeletion) {
        guard let connection = connection(ref), !connection.isClosed else { return }
        if deletion.preventsWill { connection.will = nil }
        if deletion.endsSession { connection.session?.expirySeconds = 0 }
        close(connection, .deletedByAPI)
    }
}
