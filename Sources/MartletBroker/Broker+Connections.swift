package import MartletBase
import NIOCore

// MARK: Connections as operators see and end them

extension Broker {
    /// Ends the client's connection with reason `API_INITIATED_DISCONNECT`. Returns when its end is on disk, and that of
    /// its session where that is asked for.
    package func deleteConnection(
        of clientID: String, _ deletion: ConnectionDeletion, in account: AccountID
    ) async -> ConnectionDeletion.Outcome {
        let key = ClientKey(account: account, clientID: clientID)
        return await withCheckedContinuation { continuation in
            mailboxes[Int(homeLoop(of: key))].post(
                .run { $0.delete(key, PendingDeletion(deletion: deletion) { continuation.resume(returning: $0) }) })
        }
    }

    /// What is known of the client id; nil when it is not connected, has no kept session, and has been away for longer
    /// than `ConnectionStatus.rememberedSeconds`.
    package func connection(of clientID: String, in account: AccountID) async -> ConnectionStatus? {
        let key = ClientKey(account: account, clientID: clientID)
        for _ in 0..<Self.attempts {
            switch await whereabouts(of: key) {
            case .nowhere: return nil
            case .away(let status): return status
            case .connected(let ref):
                let facts = await onLoop(ref.loop) { shard in
                    shard.accepted(ref).flatMap { shard.facts(of: $0, $0.session) }
                }
                guard let facts else { continue }
                return ConnectionStatus(
                    isConnected: true, facts: facts, disconnectedAt: nil, disconnectReason: nil,
                    sessionExpirySeconds: facts.sessionExpirySeconds)
            }
        }
        return nil
    }

    /// Subscriptions of a client that is connected or whose session is kept, by filter; nil for another.
    package func subscriptions(
        of clientID: String, after cursor: String?, limit: Int, in account: AccountID
    ) async -> FactsPage<SubscriptionFacts>? {
        let key = ClientKey(account: account, clientID: clientID)
        for _ in 0..<Self.attempts {
            switch await whereabouts(of: key) {
            case .nowhere: return nil
            case .away:
                return await onLoop(homeLoop(of: key)) { shard in
                    shard.subscriptionsAway(key).map { shard.page($0, after: cursor, limit: limit) }
                }
            case .connected(let ref):
                let page = await onLoop(ref.loop) { shard in
                    shard.accepted(ref).map { shard.page($0.subscriptions ?? [:], after: cursor, limit: limit) }
                }
                if let page { return page }
            }
        }
        return nil
    }

    /// Live connections of an account by client id, a page of them from every loop and what is first among these.
    package func connections(
        in account: AccountID, prefix: String = "", after cursor: String?, limit: Int
    ) async -> FactsPage<ConnectionFacts> {
        let pages: [FactsPage<ConnectionFacts>] = await onEveryShard { shard, done in
            done(shard.connections(in: account, prefix: prefix, after: cursor, limit: limit))
        }
        let all = pages.flatMap(\.elements).sorted { $0.clientID.isBytewiseBefore($1.clientID) }
        let page = Self.withinBytes(all.prefix(limit))
        return FactsPage(elements: page, hasMore: page.count < all.count || pages.contains(where: \.hasMore))
    }

    /// Client ids may be long: a page ends when those in it have this many bytes.
    private static let pageBytes = 256 << 10

    private static func withinBytes(_ facts: ArraySlice<ConnectionFacts>) -> [ConnectionFacts] {
        var bytes = 0
        var page: [ConnectionFacts] = []
        for fact in facts {
            bytes += fact.clientID.utf8.count
            if bytes > pageBytes, !page.isEmpty { break }
            page.append(fact)
        }
        return page
    }

    /// A connection may end between two questions; whoever asks again hears where it has gone.
    private static let attempts = 4

    private func whereabouts(of key: ClientKey) async -> BrokerShard.Whereabouts {
        await onLoop(homeLoop(of: key)) { $0.whereabouts(of: key) }
    }

    func onLoop<Answer: Sendable>(
        _ loop: UInt16, _ ask: @escaping @Sendable (BrokerShard) -> Answer
    ) async -> Answer {
        await withCheckedContinuation { continuation in
            mailboxes[Int(loop)].post(.run { continuation.resume(returning: ask($0)) })
        }
    }
}

extension BrokerShard {
    /// The connection, once its CONNECT has been accepted and while it lives.
    fileprivate func accepted(_ ref: ConnectionRef) -> ClientConnection? {
        connection(ref).flatMap { $0.phase == .connected ? $0 : nil }
    }
}
