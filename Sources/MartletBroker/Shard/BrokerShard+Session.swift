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
            connection.output.byteCount < limits.outboundBytes, let entry = session.takeReady()
        {
            send(entry, of: session, to: connection)
        }
        if session.ready.isEmpty, session.isBehind, !session.isReading { read(session, for: connection) }
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
        message.withParts { topic, properties, payload in
            let expiry = expiry(of: message, properties)
            guard !expiry.isOver else {
                counters.droppedExpired += 1
                return session.window.discard(entry.sequence)
            }
            guard mayReceive(connection, topic) else { return session.window.discard(entry.sequence) }
            send(entry, of: session, to: connection, topic, properties, payload, expiry)
        }
    }

    private func send(
        _ entry: QueueEntry, of session: PersistentSession, to connection: ClientConnection,
        _ topic: UnsafeRawBufferPointer, _ properties: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer,
        _ expiry: RemainingExpiry
    ) {
        let length = PublishEncoder.encodedLength(
            topicLength: topic.count, propertiesLength: properties.count, payloadLength: payload.count,
            qos: .atLeastOnce, version: connection.version)
        // [MQTT-3.1.2-24] and [MQTT-3.1.2-25]
        guard let length, length <= connection.clientPacketBytes else {
            counters.droppedPacketTooLarge += 1
            return session.window.discard(entry.sequence)
        }
        let (packetID, isRepeated) = session.window.send(entry.sequence)
        ensureOutput(connection)
        let start = connection.output.tail.writerIndex
        PublishEncoder.append(
            topic: topic, properties: properties, payload: payload,
            flags: PublishEncoder.flags(
                qos: .atLeastOnce, retain: entry.flags & QueueFlags.retain != 0, dup: isRepeated),
            packetID: packetID, version: connection.version, into: &connection.output.tail)
        if connection.version == .v5, let seconds = expiry.seconds {
            let offset = length - payload.count - properties.count + expiry.offset
            connection.output.tail.setInteger(seconds, at: start + offset)
        }
        counters.publishOut += 1
        counters.publishOutBytes += length
        markDirty(connection)
    }

    /// What is left of a message's expiry `[MQTT-3.3.2-6]`.
    private struct RemainingExpiry {
        var seconds: UInt32?
        var offset = 0
        var isOver = false
    }

    private func expiry(of message: StoredMessage, _ properties: UnsafeRawBufferPointer) -> RemainingExpiry {
        guard properties.count > 0, let summary = try? PublishProperties.scan(properties),
            let interval = summary.messageExpiryInterval
        else { return RemainingExpiry() }
        let age = broker.clock.now().millisecondsSinceEpoch - message.publishedAt.millisecondsSinceEpoch
        let waited = UInt32(clamping: max(0, age) / 1000)
        return RemainingExpiry(
            seconds: interval - min(waited, interval), offset: Int(summary.messageExpiryOffset) + 1,
            isOver: waited >= interval && waited > 0)
    }

    /// PUBACK for a message of the session's queue.
    func acknowledged(_ session: PersistentSession, _ connection: ClientConnection, _ packetID: UInt16) {
        guard session.window.acknowledge(packetID) else { return }
        noteCursor(of: session)
        sendQueued(to: connection)
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
