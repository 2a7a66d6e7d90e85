import HeapModule
import Logging
import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// The home loop's side of client ids: who connects, which session it takes up, what is kept when it has gone, and when
/// that ends. Presence and its events are written here, so that their order for one client id is that of its
/// connections.
extension BrokerShard {
    func post(_ message: DirectoryMessage, toHomeOf connection: ClientConnection) {
        post(message, to: broker.homeLoop(of: key(of: connection)))
    }

    func post(_ message: DirectoryMessage, to loop: UInt16) {
        guard loop != index else { return postHere(message) }
        // What this loop has published so far is handed over first: nobody else publishes for the client id earlier.
        // And what it has to store is submitted first: whoever takes the session up writes after it.
        handOverOutboxes()
        submitBatch()
        broker.mailboxes[Int(loop)].post(.directory(message))
    }

    /// Messages to the own loop are worked off one after the other, not one inside the other: a long line of claims
    /// must not become a deep stack.
    private func postHere(_ message: DirectoryMessage) {
        ownMessages.append(message)
        guard !isHandlingOwnMessages else { return }
        isHandlingOwnMessages = true
        while let next = ownMessages.popFirst() { handle(next) }
        isHandlingOwnMessages = false
    }

    func handle(_ message: DirectoryMessage) {
        switch message {
        case .claim(let claim): self.claim(claim)
        case .withdraw(let key, let ref): directory.withdraw(key, ref)
        case .takeOver(let ref, let address): takeOver(ref, by: address)
        case .granted(let claim, let grant): granted(claim, grant)
        case .refused(let ref, let refusal):
            guard let connection = connection(ref), connection.phase == .connecting else { return }
            connection.claim = .none
            refuse(connection, refusal)
        case .release(let end): released(end)
        case .event(let event, let account): publishInOrder(event, account)
        }
    }

    private func claim(_ claim: ConnectClaim) {
        if let limit = limitExceeded(by: claim) { return post(.refused(claim.ref, .limit(limit)), to: claim.ref.loop) }
        perform(
            directory.claim(claim) {
                let entry = ClientEntry(key: claim.key, account: claim.account, number: store.makeNumber())
                _ = connectLimit(of: entry)
                return entry
            })
    }

    /// So many may wait for one client id; and so many client ids are remembered, those that keep nothing not longer
    /// than there is room.
    private func limitExceeded(by claim: ConnectClaim) -> LimitExceeded? {
        if let entry = directory[claim.key] {
            if let limit = connectLimit(of: entry) { return limit }
            guard entry.waiting.count >= Self.waitingClaims else { return nil }
            return LimitExceeded(
                "connect.waitingPerClientId", limit: Self.waitingClaims, asked: entry.waiting.count + 1,
                reasonCode: .quotaExceeded)
        }
        guard directory.count >= limits.clientsRemembered, !forgetOneThatKeepsNothing() else { return nil }
        return LimitExceeded(
            "presence.max", limit: limits.clientsRemembered, asked: directory.count + 1, reasonCode: .quotaExceeded)
    }

    private static let waitingClaims = 64

    private func forgetOneThatKeepsNothing() -> Bool {
        var looked: [ClientTimer] = []
        defer { for timer in looked { clientTimers.insert(timer) } }
        while looked.count < Self.timersLookedAt, let timer = clientTimers.popMin() {
            guard let entry = directory[timer.key], entry.timedAt == timer.due else { continue }
            if entry.owner == nil, entry.session == nil, entry.waitingWill == nil {
                forget(entry)
                return true
            }
            looked.append(timer)
        }
        return false
    }

    private static let timersLookedAt = 64

    private func perform(_ step: ClientDirectory.Step?) {
        switch step {
        case .takeOver(let ref, let address): post(.takeOver(ref, by: address), to: ref.loop)
        case .admit(let entry, let claim): admit(entry, claim)
        case nil: break
        }
    }

    private func takeOver(_ ref: ConnectionRef, by address: String) {
        guard let connection = connection(ref), !connection.isClosed else { return }
        counters.takeOvers += 1
        close(connection, .takenOver(by: address))
    }
}

// MARK: Coming

extension BrokerShard {
    /// The client id is free: the claimant gets it, with the session that it asked for. What a kept session stands on
    /// is on disk before CONNACK; for others only the event waits.
    private func admit(_ entry: ClientEntry, _ claim: ConnectClaim) {
        // What is over does not wait for the next second to be over.
        expire(entry, broker.clock.now())
        let old = entry.session
        // AWS does not take up a session of the other version of MQTT: it ends (mqtt-broker.md section 7).
        let takesUp = old != nil && !claim.cleanStart && (!behaviour.isAWS || old?.version == claim.version)
        let endsSession = old != nil && !takesUp
        if storeCondition != .working,
            let failure = refusalToConnect(
                beginsSession: !takesUp && claim.expirySeconds > 0, isKept: old != nil || claim.expirySeconds > 0)
        {
            return turnAway(entry, claim, .storeFailed(failure))
        }
        if endsSession { endSession(of: entry) }
        entry.waitingWill = nil
        guard let session = takesUp ? old : beginSession(claim) else {
            return claim.expirySeconds == 0
                ? grant(entry, claim, ConnectGrant(session: nil, isSessionPresent: false), mustBeDurable: endsSession)
                : refuseSession(entry, claim)
        }
        session.expirySeconds = claim.expirySeconds
        session.version = claim.version
        entry.session = nil
        grant(entry, claim, ConnectGrant(session: session, isSessionPresent: takesUp), mustBeDurable: true)
    }

    /// nil for one that ends with its connection, and at `session.max`.
    private func beginSession(_ claim: ConnectClaim) -> PersistentSession? {
        guard claim.expirySeconds > 0 else { return nil }
        let queue = store.makeNumber()
        guard let place = broker.sessions.make(queue: queue) else { return nil }
        withBatch { $0.openQueue(queue) }
        return PersistentSession(place: place, queue: queue, expirySeconds: claim.expirySeconds, version: claim.version)
    }

    private func refuseSession(_ entry: ClientEntry, _ claim: ConnectClaim) {
        let limit = broker.sessions.limit
        let refusal = LimitExceeded("session.max", limit: limit, asked: limit + 1, reasonCode: .quotaExceeded)
        turnAway(entry, claim, .limit(refusal))
    }

    /// The client id stays as it was.
    private func turnAway(_ entry: ClientEntry, _ claim: ConnectClaim, _ refusal: ConnectRefusal) {
        post(.refused(claim.ref, refusal), to: claim.ref.loop)
        for step in directory.release(entry) { perform(step) }
        forgetIfNothingIsKept(entry)
        schedule(entry)
    }

    /// The session could not be put on disk, so its client is not told that it has one.
    func takeBack(_ claim: ConnectClaim, _ grant: ConnectGrant, _ failure: StoreFailure) {
        post(.refused(claim.ref, .storeFailed(failure)), to: claim.ref.loop)
        guard let entry = directory[claim.key], entry.owner == claim.ref else { return }
        entry.session = grant.session
        entry.presence.disconnect(at: broker.clock.now(), .serverError)
        finishDeletions(of: entry)
        for step in directory.release(entry) { perform(step) }
        schedule(entry)
    }

    /// - Parameter mustBeDurable: a kept session begins, goes on or has ended by it: CONNACK promises that.
    private func grant(
        _ entry: ClientEntry, _ claim: ConnectClaim, _ grant: ConnectGrant, mustBeDurable: Bool
    ) {
        let now = broker.clock.now()
        entry.presence.connect(at: now)
        write(entry, session: grant.session, open: claim.network)
        if mustBeDurable {
            afterDurable(.grant(claim, grant))
        } else {
            post(.granted(claim, grant), to: claim.ref.loop)
        }
        publishInOrder(
            event(
                .connected(versionNumber: entry.presence.versionNumber, address: claim.network.peer.address),
                entry.key, claim.network, now), entry.account)
    }
}

// MARK: Going

extension BrokerShard {
    private func released(_ end: ConnectionEnd) {
        guard let entry = directory[end.key], entry.owner == end.ref else { return }
        close(entry, end, at: broker.clock.now())
        entry.lastConnection = end.facts.map(LastConnection.init)
        finishDeletions(of: entry)
        for step in directory.release(entry) { perform(step) }
        schedule(entry)
    }

    private func close(_ entry: ClientEntry, _ end: ConnectionEnd, at now: WallInstant) {
        entry.presence.disconnect(at: now, end.reason)
        entry.session = end.session
        if end.leavesWill, let will = end.network.will {
            let delay = min(will.delaySeconds, end.session?.expirySeconds ?? 0)
            entry.waitingWill = WaitingWill(origin: end.network, dueAt: now.advanced(bySeconds: Int64(delay)))
        }
        let hasEnded = entry.session?.expirySeconds == 0
        write(entry, session: hasEnded ? nil : entry.session, open: nil)
        publishInOrder(
            event(
                .disconnected(versionNumber: entry.presence.versionNumber, reason: end.reason), entry.key, end.network,
                now), entry.account)
        if hasEnded { endSession(of: entry) }
    }

    /// The kept session is over: its filters match no more, its messages are nobody's, and its will waits no longer
    /// `[MQTT-3.1.3-9]`.
    func endSession(of entry: ClientEntry) {
        guard let session = entry.session else { return }
        entry.session = nil
        removeFromIndex(Array(session.subscriptions.keys), of: session.place.ref, entry.account)
        leaveQueues(session.subscriptions.keys, entry.account)
        counters.subscriptions -= session.subscriptions.count
        withBatch { batch in
            for held in session.subscriptions.values { batch.remove(held.number) }
            for number in session.exchangeNumbers { batch.remove(number) }
            batch.endQueue(session.queue)
        }
        broker.sessions.remove(session.place)
        publishWaitingWill(of: entry)
    }

    /// The will's time has come. It stays in the client's record until it is in the queues: a crash in between repeats
    /// it.
    private func publishWaitingWill(of entry: ClientEntry) {
        guard let waiting = entry.waitingWill, !entry.isPublishingWill else { return }
        entry.isPublishingWill = true
        publish(waiting.origin, of: entry.key, entry.account) { shard in
            entry.isPublishingWill = false
            // Who has connected meanwhile has a record without it already, and may have left another one.
            guard entry.owner == nil, shard.directory[entry.key] === entry,
                entry.waitingWill?.origin.sessionIdentifier == waiting.origin.sessionIdentifier
            else { return shard.schedule(entry) }
            entry.waitingWill = nil
            shard.write(entry, session: entry.session, open: nil)
            shard.schedule(entry)
        }
    }

    /// Ends what was open when the server before this one died: the client has gone, whatever it was doing
    /// (lifecycle-events.md section 2). Its will follows, its delay counted from now.
    func closeAfterCrash(_ entry: ClientEntry, _ open: NetworkSession) {
        let end = ConnectionEnd(
            key: entry.key, ref: SessionPlace(index: 0, generation: 0).ref, session: entry.session, reason: .serverError,
            network: open, leavesWill: true)
        close(entry, end, at: broker.clock.now())
        // What is assumed to have been sent must not be forgotten by the next crash.
        if let session = entry.session { noteCursor(of: session) }
        if let will = entry.waitingWill, will.dueAt <= broker.clock.now() { publishWaitingWill(of: entry) }
        schedule(entry)
    }

    /// The client's record as it stands now.
    func write(_ entry: ClientEntry, session: PersistentSession?, open: NetworkSession?) {
        let terms = session.map {
            StoredClient.Session(queue: $0.queue, expirySeconds: $0.expirySeconds, version: $0.version)
        }
        let record = StoredClient(
            key: entry.key, presence: entry.presence, session: terms, open: open, waitingWill: entry.waitingWill)
        withBatch { $0.put(entry.number, .client) { record.write(into: &$0) } }
    }
}

// MARK: Time

extension BrokerShard {
    /// Sees to it that the entry is looked at when something of it is due.
    func schedule(_ entry: ClientEntry) {
        guard let due = entry.nextDue, entry.timedAt.map({ due < $0 }) ?? true else { return }
        entry.timedAt = due
        clientTimers.insert(ClientTimer(due: due, key: entry.key))
        if clientTimers.count > 2 * directory.count + 64 { dropStaleTimers() }
    }

    /// An entry that is due earlier than it was leaves its old timer behind.
    private func dropStaleTimers() {
        clientTimers = Heap(directory.all.compactMap { entry in entry.timedAt.map { ClientTimer(due: $0, key: entry.key) } })
    }

    /// Does what has become due for clients that are away.
    func expireClients() {
        let now = broker.clock.now()
        while let timer = clientTimers.min, timer.due <= now {
            clientTimers.removeMin()
            guard let entry = directory[timer.key], entry.timedAt == timer.due else { continue }
            entry.timedAt = nil
            guard entry.owner == nil else { continue }
            expire(entry, now)
            schedule(entry)
        }
    }

    /// For clients that are away, and for one that is just coming back.
    private func expire(_ entry: ClientEntry, _ now: WallInstant) {
        var hasChanged = false
        if let end = entry.sessionEndsAt, end <= now {
            counters.sessionsExpired += 1
            endSession(of: entry)
            hasChanged = true
        }
        if let will = entry.waitingWill, will.dueAt <= now { publishWaitingWill(of: entry) }
        if hasChanged { write(entry, session: entry.session, open: nil) }
        if let reset = entry.presenceResetsAt, reset <= now { resetPresence(of: entry) }
    }

    /// A thing's last connection is remembered until the thing is deleted; of other client ids nothing stays.
    private func resetPresence(of entry: ClientEntry) {
        entry.presence.reset()
        entry.lastConnection = nil
        let key = entry.key
        let shard = NIOLoopBound(self, eventLoop: loop)
        broker.authority.isThing(key.clientID, in: entry.account.realm, on: loop) { isThing in
            guard let entry = shard.value.directory[key], entry.owner == nil, entry.presence.isReset else { return }
            if isThing {
                shard.value.write(entry, session: nil, open: nil)
            } else {
                shard.value.forget(entry)
            }
        }
    }

    /// The thing of this name is gone, and with it what was only kept because of it.
    func thingDeleted(_ key: ClientKey) {
        guard let entry = directory[key], entry.owner == nil, entry.session == nil, entry.presence.isReset else { return }
        forget(entry)
    }

    private func forgetIfNothingIsKept(_ entry: ClientEntry) {
        // It has no record yet.
        if entry.owner == nil, entry.session == nil, entry.presence.connectedAt == nil { directory.forget(entry) }
    }

    private func forget(_ entry: ClientEntry) {
        directory.forget(entry)
        withBatch { $0.remove(entry.number) }
    }
}

/// When to look at a client that is away.
struct ClientTimer: Comparable {
    let due: WallInstant
    let key: ClientKey

    static func < (one: ClientTimer, other: ClientTimer) -> Bool { one.due < other.due }
    static func == (one: ClientTimer, other: ClientTimer) -> Bool { one.due == other.due }
}
