import IoTPolicy
import Logging
import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// The connection's side of a kept session: its queue in the store on the way to the client, and the client's
/// acknowledgements on the way back.
extension BrokerShard {
    /// The connection has been granted the session: new entries of its queue come here from now on.
    func takeUp(_ session: PersistentSession, _ connection: ClientConnection) {
        session.connect()
        connection.session = session
        counters.sessionsConnected += 1
        connection.subscriptions = session.subscriptions
        let ref = ref(connection)
        broker.sessions.setConnection((ref, connection.version), of: session.place)
        withBatch { $0.follow(session.queue, as: ref.token) }
        afterDurable(.startReading(ref))
        repeatReleases(of: session, to: connection)
        if session.isShareMember { joinShare(connection) }
    }

    /// The connection has ended: the session is what its client will come back to.
    func putDown(_ connection: ClientConnection) -> PersistentSession? {
        guard let session = connection.session else { return nil }
        counters.sessionsConnected -= 1
        storeRetained(for: connection)
        broker.sessions.setConnection(nil, of: session.place)
        withBatch { $0.unfollow(session.queue) }
        session.subscriptions = connection.subscriptions ?? [:]
        connection.session = nil
        storeCursors()
        session.forgetReady()
        return session
    }

    /// Durable entries for connections of this loop.
    func offer(_ entries: [QueueEntry]) {
        var last: ClientConnection?
        for entry in entries {
            guard !Self.isShareQueue(entry.follower) else {
                offered(entry)
                continue
            }
            guard let connection = connection(token: entry.follower), let session = connection.session, session.queue == entry.queue
            else { continue }
            session.offer(
                entry, receiveMaximum: connection.receiveMaximum,
                isOutputFull: connection.output.byteCount >= limits.outboundBytes / 2)
            if last !== connection {
                last.map(sendQueued)
                last = connection
            }
        }
        last.map(sendQueued)
    }

    /// Sends what waits, as far as the client's window and its socket allow, and reads on where more is in the store.
    func sendQueued(to connection: ClientConnection) {
        guard let session = connection.session, connection.phase == .connected else { return }
        while let first = session.ready.first, session.window.hasRoom(connection.receiveMaximum, for: first.sequence),
            connection.output.byteCount < limits.outboundBytes, takesReplay(first.sequence, session, connection),
            takesDelivery(connection), let entry = session.takeReady()
        {
            send(entry, of: session, to: connection)
        }
        if session.ready.isEmpty, session.isBehind, !session.isReading { read(session, for: connection) }
        noteRoom(of: connection)
    }

    func read(_ session: PersistentSession, for connection: ClientConnection) {
        guard !session.isReading else { return }
        session.isReading = true
        let ref = ref(connection)
        let mailbox = broker.mailboxes[Int(index)]
        store.read(session.queue, after: session.expected - 1, byteLimit: PersistentSession.readyByteLimit) { page in
            mailbox.post(.run { $0.hasRead(page, for: ref) })
        }
    }

    private func hasRead(_ page: Result<QueuePage, StoreFailure>, for ref: ConnectionRef) {
        guard let connection = connection(ref), let session = connection.session else { return }
        switch page {
        case .success(let page):
            session.take(page)
            sendQueued(to: connection)
        case .failure(let failure): close(connection, .storeFailed(failure))
        }
    }

    private func send(_ entry: QueueEntry, of session: PersistentSession, to connection: ClientConnection) {
        session.window.skip(to: entry.sequence)
        guard !session.window.isSettled(entry.sequence) else { return }
        noteCursor(of: session)
        guard let message = StoredMessage(entry.body) else {
            logger.error("a stored message cannot be read", metadata: ["queue": "\(entry.queue.rawValue)"])
            return session.window.discard(entry.sequence)
        }
        let qos: QoS = entry.flags & QueueFlags.qos == 2 ? .exactlyOnce : .atLeastOnce
        message.withParts { topic, properties, payload in
            let expiry = message.remainingExpiry(of: properties, at: broker.clock.now())
            // A QoS 2 message that the client may have had is past expiring [MQTT-4.3.3-7].
            guard !expiry.isOver || qos == .exactlyOnce && entry.sequence <= session.window.sentThrough else {
                counters.droppedExpired += 1
                return session.window.discard(entry.sequence)
            }
            guard mayReceive(connection, topic) else { return session.window.discard(entry.sequence) }
            withSentProperties(properties, entry, expiry, connection) { properties in
                send(entry, qos, of: session, to: connection, topic, properties, payload)
            }
        }
    }

    /// Lends the properties as they go out: with the Subscription Identifier of the entry and what is left of the expiry.
    private func withSentProperties(
        _ properties: UnsafeRawBufferPointer, _ entry: QueueEntry, _ expiry: StoredMessage.RemainingExpiry,
        _ connection: ClientConnection, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard connection.version == .v5, entry.subscriptionID != 0 || expiry.seconds != nil else { return body(properties) }
        var bytes = ByteBufferAllocator().buffer(capacity: properties.count + 5)
        SubscriptionIdentifiers.append(entry.subscriptionID) { bytes.writeInteger($0) }
        let start = bytes.writerIndex
        bytes.writeBytes(properties)
        if let seconds = expiry.seconds { bytes.setInteger(seconds, at: start + expiry.offset) }
        bytes.withUnsafeReadableBytes(body)
    }

    private func send(
        _ entry: QueueEntry, _ qos: QoS, of session: PersistentSession, to connection: ClientConnection,
        _ topic: UnsafeRawBufferPointer, _ properties: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer
    ) {
        let length = PublishEncoder.encodedLength(
            topicLength: topic.count, propertiesLength: properties.count, payloadLength: payload.count,
            qos: qos, version: connection.version)
        // [MQTT-3.1.2-24] and [MQTT-3.1.2-25]
        guard let length, length <= connection.clientPacketBytes else {
            counters.droppedPacketTooLarge += 1
            return session.window.discard(entry.sequence)
        }
        let (packetID, isRepeated) = session.window.send(entry.sequence, qos)
        append(
            topic: topic, properties: properties, payload: payload,
            flags: PublishEncoder.flags(qos: qos, retain: entry.flags & QueueFlags.retain != 0, dup: isRepeated),
            packetID: packetID, to: connection)
    }

    /// The store is told at the end of the turn, once for all that has happened to the session in it.
    func noteCursor(of session: PersistentSession) {
        guard !session.isCursorDirty else { return }
        session.isCursorDirty = true
        dirtySessions.append(session)
        scheduleTurnEnd()
    }

    func storeCursors() {
        guard !dirtySessions.isEmpty else { return }
        for session in dirtySessions {
            session.isCursorDirty = false
            batch.moveCursor(of: session.queue, to: session.window.cursor)
        }
        dirtySessions.removeAll(keepingCapacity: true)
    }
}

/// The broker's flags of a queue entry: how its subscription gets the message.
enum QueueFlags {
    /// The QoS of the delivery; 0 in what was stored before QoS 2 was built, and then 1.
    static let qos: UInt8 = 0b11
    /// The PUBLISH carries RETAIN.
    static let retain: UInt8 = 1 << 2
}

extension BrokerShard {
    fileprivate func connection(token: UInt64) -> ClientConnection? {
        connection(UInt32(truncatingIfNeeded: token >> 32), UInt32(truncatingIfNeeded: token))
    }
}

extension ConnectionRef {
    /// Names the connection on its own loop.
    var token: UInt64 { UInt64(slot) << 32 | UInt64(generation) }
}
