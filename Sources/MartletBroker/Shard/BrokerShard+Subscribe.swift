import IoTPolicy
import Logging
import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// SUBSCRIBE and UNSUBSCRIBE. All filters of one packet are checked first and then put into the index together.
extension BrokerShard {
    private struct Accepted {
        let filter: ByteBuffer
        let options: SubscriptionOptions
        let subscriptionID: UInt32
        let isNew: Bool
        let retainHandling: Subscription.RetainHandling
    }

    func subscribe(_ connection: ClientConnection, _ packet: Subscribe) {
        if connection.version == .v5, connection.hasInbound(packet.packetID) {
            let codes = packet.subscriptions.map { _ in ReasonCode.packetIdentifierInUse }
            return answer(connection, .subAck(SubAck(packetID: packet.packetID, reasonCodes: codes)), isStored: false)
        }
        if behaviour.isAWS, let cause = notInProfile(packet) { return close(connection, cause) }
        let subscriptionID = packet.properties.subscriptionIdentifiers.first ?? 0
        if let limit = limits.filtersPerSubscribe, packet.subscriptions.count > limit {
            return refuseWhole(connection, packet, limit)
        }
        var codes: [ReasonCode] = []
        var properties = Properties()
        var accepted: [Accepted] = []
        for request in packet.subscriptions {
            let filter = ByteBuffer(bytes: request.filter.bytes)
            if let refusal = refuse(filter, accepted, on: connection) {
                guard let code = answer(refusal, connection) else { return }
                codes.append(code)
                if case .reserved(let reserved) = refusal, reserved.kind == .notBuilt, connection.wantsProblemInformation {
                    // One packet has one reason string: that of its first filter which waits for something to be built.
                    properties.reasonString = properties.reasonString ?? MQTTString(String(reserved.sentence.prefix(256)))
                }
                continue
            }
            codes.append(.granted(request.qos))
            accepted.append(
                Accepted(
                    filter: filter,
                    options: SubscriptionOptions(
                        qos: request.qos.rawValue, noLocal: request.noLocal,
                        retainAsPublished: request.retainAsPublished, version: connection.version),
                    subscriptionID: UInt32(subscriptionID), isNew: connection.subscriptions?[filter] == nil, retainHandling: request.retainHandling))
        }
        insert(accepted, for: connection)
        answer(
            connection, .subAck(SubAck(packetID: packet.packetID, reasonCodes: codes, properties: properties)),
            isStored: connection.session != nil && !accepted.isEmpty)
        for subscription in accepted { queueRetained(subscription, for: connection) }
        if !accepted.isEmpty { tell(.subscribed(accepted.map { String(buffer: $0.filter) }), of: connection) }
    }

    /// Why one filter is not granted.
    private enum Refusal {
        case invalid(MalformedPacket)
        case reserved(ReservedTopicRefusal)
        case limit(LimitExceeded)
        case denied(PolicyDecision)
        case store(StoreFailure)
    }

    private func refuse(_ filter: ByteBuffer, _ acceptedSoFar: [Accepted], on connection: ClientConnection) -> Refusal? {
        filter.withUnsafeReadableBytes { bytes in
            do throws(MalformedPacket) {
                try TopicFilter.validate(bytes)
            } catch {
                return .invalid(error)
            }
            let matched = ShareName(bytes)?.matched ?? bytes
            if let limit = topicLimit(matched, "mqtt.topicBytes") { return .limit(limit) }
            if matched.first == UInt8(ascii: "$"),
                let refusal = ReservedTopics.refuseSubscribe(matched, behaviour.profile) ?? refuseSystemTopics(matched)
            {
                return .reserved(refusal)
            }
            let count = (connection.subscriptions?.count ?? 0) + acceptedSoFar.count
            let isReplaced = connection.subscriptions?[filter] != nil
            if let limit = limits.subscriptionsPerConnection, count >= limit, !isReplaced {
                return .limit(
                    LimitExceeded("sub.perConnection", limit: limit, asked: count + 1, reasonCode: .quotaExceeded))
            }
            if let authorizer = connection.authorizer, !maySubscribe(authorizer, bytes) {
                return .denied(
                    authorizer.decide(
                        .subscribe, name: String(decoding: bytes, as: UTF8.self), now: broker.clock.now()))
            }
            if storeCondition != .working, connection.session != nil, let failure = refusalToKeep() {
                return .store(failure)
            }
            return subscriptionLimit(bytes, accepted: acceptedSoFar.map(\.filter), isNew: !isReplaced, connection)
                .map { .limit($0) }
        }
    }

    /// A shared filter is allowed as it is sent, or by the filter that it shares (mqtt-broker.md section 10).
    func maySubscribe(_ authorizer: Authorizer, _ filter: UnsafeRawBufferPointer) -> Bool {
        let now = broker.clock.now()
        if authorizer.allows(.subscribe, filter, now: now) { return true }
        guard let share = ShareName(filter) else { return false }
        return authorizer.allows(.subscribe, share.matched, now: now)
    }

    /// The code of the SUBACK; nil where the connection ends instead (mqtt-broker.md section 17).
    private func answer(_ refusal: Refusal, _ connection: ClientConnection) -> ReasonCode? {
        let isV5 = connection.version == .v5
        switch refusal {
        case .invalid(let problem):
            if isV5 { return .topicFilterInvalid }
            close(connection, .malformed(problem))
            return nil
        case .reserved(let refusal):
            guard isV5 || !behaviour.isAWS else {
                close(connection, .reservedTopic(refusal))
                return nil
            }
            logRefusal(refusal, connection)
            return isV5 ? refusal.subscribeReasonCode : .unspecifiedError
        case .limit(let limit):
            logRefusal(limit, connection)
            return isV5 ? (limit.reasonCode == .quotaExceeded ? .quotaExceeded : .topicFilterInvalid) : .unspecifiedError
        case .store(let failure):
            logRefusal(failure, connection)
            return isV5 ? .quotaExceeded : .unspecifiedError
        case .denied(let decision):
            counters.subscribeDenied.count(decision)
            guard isV5 || behaviour.v3Subscribe == .suback80 else {
                close(connection, .denied(decision))
                return nil
            }
            logRefusal(decision, connection)
            return isV5 ? .notAuthorized : .unspecifiedError
        }
    }

    private func logRefusal(_ reason: any Reason, _ connection: ClientConnection) {
        refusals.write("subscribe refused", metadata(of: connection).merging(reason.metadata) { $1 })
    }

    private func refuseWhole(_ connection: ClientConnection, _ packet: Subscribe, _ limit: Int) {
        let exceeded = LimitExceeded(
            "sub.filtersPerSubscribe", limit: limit, asked: packet.subscriptions.count, reasonCode: .quotaExceeded)
        guard connection.version == .v5 else { return close(connection, .limit(exceeded)) }
        logRefusal(exceeded, connection)
        let codes = [ReasonCode](repeating: .quotaExceeded, count: packet.subscriptions.count)
        answer(connection, .subAck(SubAck(packetID: packet.packetID, reasonCodes: codes)), isStored: false)
    }

    private func insert(_ accepted: [Accepted], for connection: ClientConnection) {
        guard !accepted.isEmpty else { return }
        var subscriptions = connection.subscriptions ?? [:]
        // One packet may name a filter twice, and its session is still one member.
        var joined: Set<ByteBuffer> = []
        let queues = accepted.compactMap {
            joined.insert($0.filter).inserted ? joinQueue($0.filter, subscriptions[$0.filter], connection) : nil
        }
        asWriter(of: connection.account) { table in
            for subscription in accepted {
                subscription.filter.withUnsafeReadableBytes { filter in
                    table.subscribe(
                        to: filter, entry(of: connection, subscription.options, subscription.subscriptionID))
                }
            }
            for queue in queues { queue.filter.withUnsafeReadableBytes { table.setQueue(queue.queue, of: $0) } }
        }
        for subscription in accepted {
            let held = hold(subscription, subscriptions[subscription.filter], connection.session)
            if subscriptions.updateValue(held, forKey: subscription.filter) == nil { counters.subscriptions += 1 }
        }
        connection.subscriptions = subscriptions
        if accepted.contains(where: \.filter.isSharedFilter) { joinShare(connection) }
    }

    /// A kept session's subscription goes into the store, over the one that it replaces.
    private func hold(
        _ subscription: Accepted, _ old: HeldSubscription?, _ session: PersistentSession?
    ) -> HeldSubscription {
        guard let session else {
            return HeldSubscription(
                options: subscription.options, subscriptionID: subscription.subscriptionID, number: .none)
        }
        let number = old?.number ?? store.makeNumber()
        let record = StoredSubscription(
            queue: session.queue, filter: subscription.filter, options: subscription.options,
            subscriptionID: subscription.subscriptionID)
        withBatch { $0.put(number, .subscription) { record.write(into: &$0) } }
        return HeldSubscription(
            options: subscription.options, subscriptionID: subscription.subscriptionID, number: number)
    }

    /// The connection as the subscription index names it: a kept session by its own place.
    func indexRef(_ connection: ClientConnection) -> ConnectionRef {
        connection.session?.place.ref ?? ref(connection)
    }

    private func entry(
        of connection: ClientConnection, _ options: SubscriptionOptions, _ subscriptionID: UInt32
    ) -> SubscriptionEntry {
        let ref = indexRef(connection)
        return SubscriptionEntry(
            subscriber: ref.slot, loop: ref.loop, generation: ref.generation, options: options,
            subscriptionID: subscriptionID)
    }

    func unsubscribe(_ connection: ClientConnection, _ packet: Unsubscribe) {
        if connection.version == .v5, connection.hasInbound(packet.packetID) {
            let codes = packet.filters.map { _ in ReasonCode.packetIdentifierInUse }
            return answer(connection, .unsubAck(UnsubAck(packetID: packet.packetID, reasonCodes: codes)), isStored: false)
        }
        // [MQTT-4.7.3-1]
        let problems = packet.filters.map(problem(of:))
        if connection.version == .v3_1_1, let problem = problems.lazy.compactMap(\.self).first {
            return close(connection, .malformed(problem))
        }
        var codes: [ReasonCode] = []
        var removed: [ByteBuffer] = []
        for (filter, problem) in zip(packet.filters, problems) {
            guard problem == nil else {
                codes.append(.topicFilterInvalid)
                continue
            }
            let key = ByteBuffer(bytes: filter.bytes)
            let held = connection.subscriptions?.removeValue(forKey: key)
            codes.append(held == nil ? .noSubscriptionExisted : .success)
            guard let held else { continue }
            removed.append(key)
            if key.withUnsafeReadableBytes(TopicFilter.beginsLikeShared) {
                key.withUnsafeReadableBytes { _ = takeShareOperation($0, connection) }
            }
            if connection.session != nil { withBatch { $0.remove(held.number) } }
        }
        remove(removed, of: connection)
        if connection.session != nil { leaveQueues(removed, connection.account) }
        answer(
            connection, .unsubAck(UnsubAck(packetID: packet.packetID, reasonCodes: codes)),
            isStored: connection.session != nil && !removed.isEmpty)
        if !removed.isEmpty { tell(.unsubscribed(removed.map { String(buffer: $0) }), of: connection) }
    }

    private func problem(of filter: MQTTString) -> MalformedPacket? {
        filter.bytes.withUnsafeBytes { bytes in
            do throws(MalformedPacket) {
                try TopicFilter.validate(bytes)
                return nil
            } catch {
                return error
            }
        }
    }

    func removeAllSubscriptions(_ connection: ClientConnection) {
        guard let subscriptions = connection.subscriptions, !subscriptions.isEmpty else { return }
        connection.subscriptions = nil
        remove(Array(subscriptions.keys), of: connection)
    }

    private func remove(_ filters: [ByteBuffer], of connection: ClientConnection) {
        guard !filters.isEmpty else { return }
        counters.subscriptions -= filters.count
        removeFromIndex(filters, of: indexRef(connection), connection.account)
    }

    func removeFromIndex(_ filters: [ByteBuffer], of ref: ConnectionRef, _ account: AccountContext) {
        guard !filters.isEmpty else { return }
        asWriter(of: account) { table in
            for filter in filters {
                filter.withUnsafeReadableBytes { table.unsubscribe(from: $0, ref) }
            }
        }
    }
}

// MARK: Retained messages

extension BrokerShard {
    /// A new subscription gets the retained messages that match it, RETAIN set `[MQTT-3.3.1-6]` `[MQTT-3.3.1-8]`;
    /// Retain Handling may say no `[MQTT-3.3.1-10]` `[MQTT-3.3.1-11]`. A shared subscription gets none (MQTT 5.0 section
    /// 4.8.2).
    private func queueRetained(_ subscription: Accepted, for connection: ClientConnection) {
        guard !subscription.filter.isSharedFilter else { return }
        // AWS: the filter has to be the topic (mqtt-broker.md section 11).
        if behaviour.isAWS, subscription.filter.withUnsafeReadableBytes({ $0.hasWildcard }) { return }
        switch subscription.retainHandling {
        case .send: break
        case .sendIfNew: guard subscription.isNew else { return }
        case .doNotSend: return
        }
        let (retained, removed) = subscription.filter.withUnsafeReadableBytes {
            connection.account.retained.matching($0, at: broker.clock.now())
        }
        let found = retained + systemMessages(matching: subscription.filter)
        for change in removed { withBatch { $0.remove(change.number, revision: change.revision) } }
        guard !found.isEmpty else { return }
        // A filter that is subscribed to again begins again [MQTT-3.8.4-3].
        var deliveries = connection.retainedDeliveries ?? CircularBuffer()
        deliveries.removeAll { $0.filter == subscription.filter }
        let room = limits.queuedMessages - deliveries.reduce(0) { $0 + $1.remaining }
        counters.droppedQueueFull += max(0, found.count - room)
        deliveries.append(
            RetainedDelivery(
                filter: subscription.filter, options: subscription.options,
                subscriptionID: subscription.subscriptionID, messages: Array(found.prefix(room))))
        connection.retainedDeliveries = deliveries
        markDirty(connection)
    }

    /// Sends what is due, half of the client's outbound room at a time; the rest follows when that has left.
    func sendRetained(to connection: ClientConnection) {
        guard var deliveries = connection.retainedDeliveries, connection.phase == .connected, !isStoreBehind else { return }
        connection.retainedDeliveries = nil
        let now = broker.clock.now()
        while connection.output.byteCount < limits.outboundBytes / 2, batch.byteCount < Self.retainedStoredPerTurnBytes,
            var delivery = deliveries.popFirst()
        {
            guard let message = delivery.takeNext() else { continue }
            deliveries.prepend(delivery)
            send(message, delivery, to: connection, now)
        }
        guard !deliveries.isEmpty else { return }
        connection.retainedDeliveries = deliveries
        // What the socket does not take waits for it; what this turn's batch had no room for goes on with the next.
        if batch.byteCount >= Self.retainedStoredPerTurnBytes { markDirty(connection) }
    }

    private static let retainedStoredPerTurnBytes = 1 << 20

    /// The connection ends before its new subscriptions have got all retained messages: its queue gets the rest.
    func storeRetained(for connection: ClientConnection) {
        guard let deliveries = connection.retainedDeliveries else { return }
        connection.retainedDeliveries = nil
        guard connection.session?.expirySeconds ?? 0 > 0 else { return }
        let now = broker.clock.now()
        var bytes = 0
        for var delivery in deliveries where delivery.options.qos > 0 {
            while let message = delivery.takeNext() {
                guard message.qos > 0 else { continue }
                bytes += message.byteCount
                guard bytes <= Self.retainedStoredAtEndBytes else {
                    counters.droppedQueueFull += 1
                    continue
                }
                send(message, delivery, to: connection, now)
                if batch.byteCount >= Self.retainedStoredPerTurnBytes { submitBatch() }
            }
        }
    }

    /// Storing the rest holds the loop up, so it has a limit; beyond, messages are dropped as by a full queue.
    private static let retainedStoredAtEndBytes = 16 << 20

    private func send(
        _ message: RetainedMessage, _ delivery: RetainedDelivery, to connection: ClientConnection, _ now: WallInstant
    ) {
        let options = SubscriptionOptions(qos: delivery.options.qos, delivery.options.union(.retainAsPublished))
        let target = entry(of: connection, options, delivery.subscriptionID)
        var properties = message.properties
        var expiryOffset: Int?
        if let remaining = message.remainingSeconds(at: now),
            let summary = properties.withUnsafeReadableBytes({ try? PublishProperties.scan($0) })
        {
            expiryOffset = Int(summary.messageExpiryOffset) + 1
            properties.setInteger(remaining, at: properties.readerIndex + Int(summary.messageExpiryOffset) + 1)
        }
        message.topic.withUnsafeReadableBytes { topic in
            message.payload.withUnsafeReadableBytes { payload in
                properties.withUnsafeReadableBytes { properties in
                    let outgoing = OutgoingMessage(
                        topic: topic, properties: properties, payload: payload, qos: message.qos, retain: true,
                        topicHash: broker.topicHasher.hash(topic), expiryOffset: expiryOffset, publisher: nil)
                    withUnsafePointer(to: target) {
                        _ = deliver(outgoing, to: UnsafeBufferPointer(start: $0, count: 1), in: connection.account)
                    }
                }
            }
        }
    }
}
