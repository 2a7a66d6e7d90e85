import IoTPolicy
import Logging
import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// From a message and its targets to bytes in each target's output.
extension BrokerShard {
    /// Whom a message goes to now.
    enum Reach {
        case everybody
        /// Only into the queues of kept sessions.
        case queues
        /// Only to those who are connected and get it from no queue.
        case connections
    }

    /// - Returns: whether kept sessions get the message from the store, so that it has to be on disk before it is
    ///   acknowledged.
    @discardableResult
    func deliver(
        _ message: OutgoingMessage, to targets: UnsafeBufferPointer<SubscriptionEntry>, in account: AccountContext,
        reach: Reach = .everybody
    ) -> Bool {
        localBatch.reset()
        for loop in openOutboxes { loop.beginMessage() }
        var index = 0
        var isStored = false
        while index < targets.count {
            let target = targets[index]
            index += 1
            let firstFurther = index
            while index < targets.count, targets[index].options.contains(.furtherID) { index += 1 }
            if target.loop == SubscriptionEntry.groupMarker {
                switch self.target(inGroup: target.subscriber, of: message, account, reach) {
                case .member(let member): deliver(message, to: member, further: Self.noFurther, reach, &isStored)
                case .queue(let queue):
                    if pace.limitsQueued, isOverQueueRate(account) { continue }
                    queueTargets.append(QueueTarget(queue: queue, subscriptionID: 0, flags: message.qos))
                case nil: break
                }
            } else {
                if target.options.contains(.noLocal), message.publisher == target.ref { continue }
                if pace.limitsQueued, reach != .connections, isAway(message, target), isOverQueueRate(account) { continue }
                let further = UnsafeBufferPointer(rebasing: targets[firstFurther..<index])
                deliver(message, to: target, further: further, reach, &isStored)
            }
        }
        if storeForQueues(message) { isStored = true }
        if !localBatch.isEmpty { deliver(localBatch) }
        return isStored
    }

    private static var noFurther: UnsafeBufferPointer<SubscriptionEntry> { UnsafeBufferPointer(start: nil, count: 0) }

    @inline(__always)
    private func deliver(
        _ message: OutgoingMessage, to target: SubscriptionEntry, further: UnsafeBufferPointer<SubscriptionEntry>,
        _ reach: Reach, _ isStored: inout Bool
    ) {
        if target.loop == SessionPlace.loopMarker {
            deliver(message, toSession: target, further, reach, &isStored)
        } else if reach != .queues {
            write(message, to: target, further)
        }
    }

    @inline(__always)
    private func write(
        _ message: OutgoingMessage, to target: SubscriptionEntry, _ further: UnsafeBufferPointer<SubscriptionEntry>
    ) {
        let batch = target.loop == index ? localBatch : outbox(for: target.loop)
        if !batch.append(message, to: target, further: further) { counters.droppedPacketTooLarge += 1 }
    }

    /// A kept session gets QoS 1 and 2 from its queue, and QoS 0 only while its client is connected.
    private func deliver(
        _ message: OutgoingMessage, toSession target: SubscriptionEntry, _ further: UnsafeBufferPointer<SubscriptionEntry>,
        _ reach: Reach, _ isStored: inout Bool
    ) {
        if message.qos > 0, target.options.qos > 0 {
            guard reach != .connections else { return }
            let isRetained = message.retain && target.options.contains(.retainAsPublished)
            let flags = min(message.qos, target.options.qos) | (isRetained ? QueueFlags.retain : 0)
            let queue = broker.sessions.queue(of: target.subscriber)
            guard further.isEmpty else {
                store(message, for: QueueTarget(queue: queue, subscriptionID: 0, flags: flags), target, further)
                isStored = true
                return
            }
            queueTargets.append(QueueTarget(queue: queue, subscriptionID: target.subscriptionID, flags: flags))
            return
        }
        guard reach != .queues, let (ref, version) = broker.sessions.connection(of: target.subscriber) else { return }
        let options = version == .v5 ? target.options.union(.v5) : target.options.subtracting(.v5)
        write(
            message,
            to: SubscriptionEntry(
                subscriber: ref.slot, loop: ref.loop, generation: ref.generation, options: options,
                subscriptionID: target.subscriptionID), further)
    }

    /// A queue entry has room for one Subscription Identifier. A message that carries several is stored for its session
    /// alone, with all of them among its properties.
    private func store(
        _ message: OutgoingMessage, for queue: QueueTarget, _ target: SubscriptionEntry,
        _ further: UnsafeBufferPointer<SubscriptionEntry>
    ) {
        var properties = ByteBuffer()
        SubscriptionIdentifiers.append(target, further) { properties.writeInteger($0) }
        properties.writeBytes(message.properties)
        let now = broker.clock.now()
        properties.withUnsafeReadableBytes { bytes in
            var whole = message
            whole.properties = bytes
            withBatch { batch in
                batch.append(to: CollectionOfOne(queue)) { StoredMessage.write(whole, at: now, into: &$0) }
            }
        }
    }

    private func storeForQueues(_ message: OutgoingMessage) -> Bool {
        guard !queueTargets.isEmpty else { return false }
        let now = broker.clock.now()
        withBatch { batch in
            batch.append(to: queueTargets) { StoredMessage.write(message, at: now, into: &$0) }
        }
        queueTargets.removeAll(keepingCapacity: true)
        return true
    }

    func deliver(_ batch: DeliveryBatch) {
        batch.forEachRecord { record, frame in
            deliver(record, frame, batch)
        }
    }

    @inline(__always)
    private func deliver(_ record: DeliveryRecord, _ frame: UnsafeRawBufferPointer, _ batch: DeliveryBatch) {
        guard let connection = connection(record.slot, record.generation), connection.phase == .connected else {
            counters.droppedStaleTarget += 1
            return
        }
        if !connection.receivesEverything {
            let start = Int(record.topicStart)
            let topic = UnsafeRawBufferPointer(rebasing: frame[start..<start + Int(record.topicCount)])
            guard mayReceive(connection, topic, hash: record.topicHash) else { return }
        }
        let payload = record.payload < 0 ? nil : batch.payloads[Int(record.payload)]
        let total = frame.count + (payload?.readableBytes ?? 0)
        // [MQTT-3.1.2-24] and [MQTT-3.1.2-25]
        guard total <= connection.clientPacketBytes else {
            counters.droppedPacketTooLarge += 1
            return
        }
        let isFull = connection.output.byteCount + total > limits.outboundBytes
        if record.qos == 0 {
            guard !isFull else {
                counters.droppedOutboundFull += 1
                return
            }
            guard takesDelivery(connection) else {
                counters.droppedOverRate += 1
                return
            }
            if connection.outboundAliases != nil {
                writeAliased(frame, payload, firstByte: 0x30 | (record.retain ? 1 : 0), packetID: 0, to: connection)
            } else {
                write(frame, payload, firstByte: 0x30 | (record.retain ? 1 : 0), to: connection)
            }
        } else if isFull || connection.pending != nil || connection.inflight.count >= connection.receiveMaximum
            || !takesDelivery(connection)
        {
            queue(record, frame, payload, for: connection)
            noteRoom(of: connection)
        } else {
            let qos: QoS = record.qos == 2 ? .exactlyOnce : .atLeastOnce
            let firstByte = 0x30 | PublishEncoder.flags(qos: qos, retain: record.retain)
            if connection.outboundAliases != nil {
                writeAliased(frame, payload, firstByte: firstByte, packetID: connection.inflight.open(qos), to: connection)
            } else {
                let start = write(frame, payload, firstByte: firstByte, to: connection)
                connection.output.patch(connection.inflight.open(qos), at: start, offset: Int(record.packetIDOffset))
            }
            noteRoom(of: connection)
        }
    }

    /// Appends a frame to the connection's output and returns where it begins there.
    @discardableResult @inline(__always)
    private func write(
        _ frame: UnsafeRawBufferPointer, _ payload: ByteBuffer?, firstByte: UInt8, to connection: ClientConnection
    ) -> OutboundBuffer.Place {
        ensureOutput(connection)
        let place = connection.output.append(frame, firstByte: firstByte)
        if let payload { connection.output.append(shared: payload) }
        counters.publishOut += 1
        counters.publishOutBytes += frame.count + (payload?.readableBytes ?? 0)
        markDirty(connection)
        return place
    }

    /// Whether the client may have messages of the topic; one that it may not is counted.
    func mayReceive(_ connection: ClientConnection, _ topic: UnsafeRawBufferPointer, hash: UInt64? = nil) -> Bool {
        if connection.receivesEverything { return true }
        let verdict = receiveVerdict(connection, topic, hash ?? broker.topicHasher.hash(topic))
        if verdict.contains(.allowed) { return true }
        counters.receiveDenied.count(isExplicit: verdict.contains(.explicitlyDenied))
        return false
    }

    /// `iot:Receive` is asked for each topic once, then remembered (policies.md section 3).
    private func receiveVerdict(
        _ connection: ClientConnection, _ topic: UnsafeRawBufferPointer, _ hash: UInt64
    ) -> TopicVerdict {
        guard let authorizer = connection.authorizer else { return .used }
        let box = connection.receiveCache ?? TopicCacheBox(limit: limits.cachedTopicsPerConnection)
        connection.receiveCache = box
        if let entry = box.cache.find(topic, hash: hash) { return entry.verdict }
        let verdict = decideReceive(connection, topic, authorizer)
        if !authorizer.dependsOnTime(.receive) {
            box.cache.insert(topic, hash: hash, verdict: verdict, targets: UnsafeBufferPointer(start: nil, count: 0))
        }
        return verdict
    }

    private func decideReceive(
        _ connection: ClientConnection, _ topic: UnsafeRawBufferPointer, _ authorizer: Authorizer
    ) -> TopicVerdict {
        if authorizer.allows(.receive, topic, now: broker.clock.now()) { return [.used, .allowed] }
        let decision = authorizer.decide(
            .receive, name: String(decoding: topic, as: UTF8.self), now: broker.clock.now())
        refusals.write("message not delivered", metadata(of: connection).merging(decision.metadata) { $1 })
        return decision.outcome == .explicitDeny ? [.used, .explicitlyDenied] : .used
    }
}

// MARK: QoS 1 and 2

extension BrokerShard {
    /// The window or the socket is full: the message waits. At the limit the newest is dropped, reason `queueFull`.
    private func queue(
        _ record: DeliveryRecord, _ frame: UnsafeRawBufferPointer, _ payload: ByteBuffer?,
        for connection: ClientConnection
    ) {
        let bytes = frame.count + (payload?.readableBytes ?? 0)
        guard (connection.pending?.count ?? 0) < limits.queuedMessages,
            connection.pendingBytes + bytes <= limits.queuedBytes
        else {
            counters.droppedQueueFull += 1
            return
        }
        var copy = ByteBufferAllocator().buffer(capacity: bytes)
        copy.writeBytes(frame)
        copy.setInteger(0x30 | record.qos << 1 | (record.retain ? 1 : 0), at: 0)
        if let payload { copy.writeImmutableBuffer(payload) }
        if connection.pending == nil { connection.pending = CircularBuffer() }
        connection.pendingBytes += bytes
        connection.pending?.append(
            PendingDelivery(
                frame: copy, packetIDOffset: Int(record.packetIDOffset), expiryOffset: Int(record.expiryOffset),
                queuedAtSecond: second))
    }

    /// Sends what waited, as far as the window and the socket allow.
    func sendPending(_ connection: ClientConnection) {
        while connection.inflight.count < connection.receiveMaximum,
            connection.output.byteCount < limits.outboundBytes, connection.pending?.isEmpty == false,
            takesDelivery(connection), var delivery = connection.pending?.popFirst()
        {
            connection.pendingBytes -= delivery.frame.readableBytes
            guard countDownExpiry(&delivery) else {
                counters.droppedExpired += 1
                continue
            }
            let firstByte: UInt8 = delivery.frame.getInteger(at: 0) ?? 0
            let packetID = connection.inflight.open(firstByte & 0b0100 != 0 ? .exactlyOnce : .atLeastOnce)
            if connection.outboundAliases != nil {
                delivery.frame.withUnsafeReadableBytes {
                    writeAliased($0, nil, firstByte: firstByte, packetID: packetID, to: connection)
                }
                continue
            }
            ensureOutput(connection)
            delivery.frame.setInteger(packetID, at: delivery.packetIDOffset)
            connection.output.tail.writeImmutableBuffer(delivery.frame)
            counters.publishOut += 1
            counters.publishOutBytes += delivery.frame.readableBytes
            markDirty(connection)
        }
        if connection.pending?.isEmpty == true { connection.pending = nil }
    }

    /// A message that waited is forwarded with what is left of its expiry `[MQTT-3.3.2-6]`, or not at all
    /// `[MQTT-3.3.2-5]`.
    private func countDownExpiry(_ delivery: inout PendingDelivery) -> Bool {
        guard delivery.expiryOffset > 0,
            let expiry = delivery.frame.getInteger(at: delivery.expiryOffset, as: UInt32.self)
        else { return true }
        let waited = second - delivery.queuedAtSecond
        guard waited < expiry else { return waited == 0 }
        delivery.frame.setInteger(expiry - waited, at: delivery.expiryOffset)
        return true
    }
}

extension SubscriptionEntry {
    /// A kept session that gets QoS 1 and 2 from its queue, or a group that may have one.
    var isQueue: Bool { loop == SessionPlace.loopMarker && options.qos > 0 || loop == Self.groupMarker }
    var ref: ConnectionRef { ConnectionRef(loop: loop, slot: subscriber, generation: generation) }
}
