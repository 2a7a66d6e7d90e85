import IoTPolicy
import Logging
import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// PUBLISH from a client: resolve the topic once, then every further message costs one look-up.
extension BrokerShard {
    func publish(
        _ connection: ClientConnection, _ frame: UnsafeRawBufferPointer, _ view: PublishView
    ) throws(MalformedPacket) {
        guard view.qos != .exactlyOnce || !behaviour.isAWS else {
            return close(connection, .notInProfile(.qosNotSupported, "PUBLISH at QoS 2"))
        }
        // [MQTT-3.3.4-9]; 3.1.1 has no such limit, so its client is just not read from.
        if view.qos != .atMostOnce, connection.version == .v5, isOverReceiveMaximum(connection, view) {
            return close(
                connection,
                .limit(
                    LimitExceeded(
                        "mqtt.inflightIn", limit: limits.inflightIn, asked: limits.inflightIn + 1,
                        reasonCode: .receiveMaximumExceeded)))
        }
        counters.publishIn += 1
        counters.publishInBytes += frame.count
        if holdsPublishers { hold(connection, bytes: frame.count) }
        var message = OutgoingMessage(
            topic: UnsafeRawBufferPointer(rebasing: frame[view.topic]),
            properties: UnsafeRawBufferPointer(rebasing: frame[view.properties]),
            payload: UnsafeRawBufferPointer(rebasing: frame[view.payload]), qos: view.qos.rawValue,
            retain: view.retain, topicHash: 0, expiryOffset: nil, publisher: indexRef(connection))
        if message.payload.count > limits.payloadBytes {
            return close(
                connection,
                .limit(
                    LimitExceeded(
                        "mqtt.payloadMax", limit: limits.payloadBytes, asked: message.payload.count,
                        reasonCode: .packetTooLarge)))
        }
        if message.properties.count > 0 {
            try publishWithProperties(connection, &message, view)
        } else {
            publish(connection, &message, view)
        }
    }

    /// Version 5 with properties: the topic alias is resolved here and does not travel on `[MQTT-3.3.2-7]`.
    private func publishWithProperties(
        _ connection: ClientConnection, _ message: inout OutgoingMessage, _ view: PublishView
    ) throws(MalformedPacket) {
        let summary = view.summary
        message.expiryOffset = summary.messageExpiryInterval.map { _ in Int(summary.messageExpiryOffset) + 1 }
        guard summary.topicAlias != 0 else { return publishWithinLimits(connection, &message, view) }
        guard Int(summary.topicAlias) <= limits.topicAliases else {
            return close(
                connection,
                .limit(
                    LimitExceeded(
                        "mqtt5.topicAliasMax", limit: limits.topicAliases, asked: Int(summary.topicAlias),
                        reasonCode: .topicAliasInvalid)))
        }
        guard let topic = resolveAlias(summary.topicAlias, message.topic, connection) else {
            return close(connection, .protocolViolation(.topicAliasInvalid, "the topic alias was never set"))
        }
        var properties = ByteBuffer()
        summary.appendForwarded(message.properties, messageExpiryInterval: nil, into: &properties)
        if summary.topicAliasOffset < summary.messageExpiryOffset, let offset = message.expiryOffset {
            message.expiryOffset = offset - 3
        }
        topic.withUnsafeReadableBytes { topic in
            properties.withUnsafeReadableBytes { properties in
                message.topic = topic
                message.properties = properties
                publishWithinLimits(connection, &message, view)
            }
        }
    }

    /// A property that is too large refuses the message, and an expiry beyond the bounds is brought within them
    /// (mqtt-broker.md section 13). Behind the alias, which holds even so.
    private func publishWithinLimits(
        _ connection: ClientConnection, _ message: inout OutgoingMessage, _ view: PublishView
    ) {
        guard pace.limitsProperties else { return publish(connection, &message, view) }
        if let limit = propertyLimit(view.summary) { return refuse(connection, view, .limit(limit)) }
        guard let seconds = changedExpiry(view.summary), let offset = message.expiryOffset else {
            return publish(connection, &message, view)
        }
        var properties = ByteBuffer(bytes: message.properties)
        properties.setInteger(seconds, at: properties.readerIndex + offset)
        message.expirySeconds = seconds
        properties.withUnsafeReadableBytes { properties in
            message.properties = properties
            publish(connection, &message, view)
        }
    }

    /// The topic that the alias stands for; a topic given with it sets it.
    private func resolveAlias(
        _ alias: UInt16, _ topic: UnsafeRawBufferPointer, _ connection: ClientConnection
    ) -> ByteBuffer? {
        if topic.isEmpty { return connection.inboundAliases?[alias] }
        let copy = ByteBuffer(bytes: topic)
        connection.inboundAliases = connection.inboundAliases ?? [:]
        connection.inboundAliases?[alias] = copy
        return copy
    }

    private func publish(_ connection: ClientConnection, _ message: inout OutgoingMessage, _ view: PublishView) {
        if connection.hasInbound(view.packetID), answerRepetition(connection, view) { return }
        if pace.limitsPublishes, isOverPublishRate(connection, view) { return }
        message.topicHash = broker.topicHasher.hash(message.topic)
        let box = publishCache(of: connection)
        if let entry = box.cache.find(message.topic, hash: message.topicHash) {
            let verdict = entry.verdict.contains(.timed) ? decide(message.topic, for: connection) : entry.verdict
            publish(connection, message, view, verdict, to: box.cache.targets(of: entry))
        } else {
            let verdict = decide(message.topic, for: connection)
            withTargets(of: message.topic, connection.account) { targets in
                box.cache.insert(message.topic, hash: message.topicHash, verdict: verdict, targets: targets)
                publish(connection, message, view, verdict, to: targets)
            }
        }
    }

    private func publish(
        _ connection: ClientConnection, _ message: OutgoingMessage, _ view: PublishView, _ verdict: TopicVerdict,
        to targets: UnsafeBufferPointer<SubscriptionEntry>
    ) {
        guard verdict.contains(.allowed), !message.retain || verdict.contains(.retainAllowed) else {
            return refusePublish(connection, message, view, verdict)
        }
        if storeCondition != .working, let failure = refusalToKeep(message, view, of: connection, to: targets) {
            return refuse(connection, view, .storeFailed(failure))
        }
        var isStored = false
        if message.retain, mayRetain(message) {
            if pace.limitsRetained, isOverRetainRate(message, connection, view) { return }
            do throws(LimitExceeded) {
                let expiry = message.expirySeconds ?? view.summary.messageExpiryInterval
                isStored = try retain(message, of: connection.account, expiry)
                connection.waitsForStore = isStoreBehind
            } catch {
                return refuse(connection, view, .limit(error))
            }
        }
        if verdict.contains(.service) { handToService(message, of: connection) }
        if !targets.isEmpty, deliver(message, to: targets, in: connection.account) {
            isStored = true
            connection.waitsForStore = isStoreBehind
        }
        switch view.qos {
        case .atMostOnce: break
        case .atLeastOnce: answerShort(.pubAck, connection, view.packetID, isStored: isStored)
        case .exactlyOnce:
            openInbound(view.packetID, connection)
            answerShort(.pubRec, connection, view.packetID, isStored: isStored || connection.session != nil)
        }
    }

    /// Why the client is not promised that the message is kept where it has to be.
    private func refusalToKeep(
        _ message: OutgoingMessage, _ view: PublishView, of connection: ClientConnection,
        to targets: UnsafeBufferPointer<SubscriptionEntry>
    ) -> StoreFailure? {
        guard view.qos != .atMostOnce else { return nil }
        if targets.contains(where: \.isQueue) || connection.session != nil && view.qos == .exactlyOnce {
            return refusalToKeep()
        }
        return message.retain ? refusalToKeep(isRemoval: message.payload.isEmpty) : nil
    }

    /// At QoS 0 nobody was promised that a message is retained [MQTT-3.3.1-7]: a store that cannot take it does without.
    private func mayRetain(_ message: OutgoingMessage) -> Bool {
        guard storeCondition != .working, message.qos == 0, refusalToKeep(isRemoval: message.payload.isEmpty) != nil
        else { return true }
        counters.droppedRetainedUnkept += 1
        return false
    }

    /// The topic is a request to a service: it has its own copy, in the order in which its client published.
    private func handToService(_ message: OutgoingMessage, of connection: ClientConnection) {
        guard let mailbox = shadowService else { return }
        mailbox.receive(
            ServiceRequest(
                realm: connection.account.realm, clientID: connection.clientID,
                topic: String(decoding: message.topic, as: UTF8.self), payload: ByteBuffer(bytes: message.payload),
                qos: message.qos))
    }

    /// The connection's cache, emptied when a subscription of the account has changed since it was filled.
    @inline(__always)
    private func publishCache(of connection: ClientConnection) -> TopicCacheBox {
        let epoch = connection.account.subscriptions.epoch
        if let box = connection.publishCache {
            if box.epoch != epoch {
                box.cache.removeAll()
                box.epoch = epoch
            }
            return box
        }
        let box = TopicCacheBox(limit: limits.cachedTopicsPerConnection)
        box.epoch = epoch
        connection.publishCache = box
        return box
    }

    /// The slow path, once per topic: reserved topics, limits and policies.
    private func decide(_ topic: UnsafeRawBufferPointer, for connection: ClientConnection) -> TopicVerdict {
        guard let authorizer = connection.authorizer, !isReserved(topic), isWithinTopicLimits(topic) else {
            return [.used, .reserved]
        }
        var verdict = TopicVerdict.used
        if authorizer.allows(.publish, topic, now: broker.clock.now()) { verdict.insert(.allowed) }
        if authorizer.allows(.retainPublish, topic, now: broker.clock.now()) { verdict.insert(.retainAllowed) }
        if topic.first == UInt8(ascii: "$"), ReservedTopics.isServiceRequest(topic) { verdict.insert(.service) }
        if authorizer.dependsOnTime(.publish) || authorizer.dependsOnTime(.retainPublish) { verdict.insert(.timed) }
        return verdict
    }

    private func isReserved(_ topic: UnsafeRawBufferPointer) -> Bool {
        topic.first == UInt8(ascii: "$") && ReservedTopics.refusePublish(topic, behaviour.profile) != nil
    }

    private func isWithinTopicLimits(_ topic: UnsafeRawBufferPointer) -> Bool {
        topicLimit(topic, "mqtt.topicBytes") == nil
    }

    /// The limit that a topic name or filter exceeds.
    func topicLimit(_ topic: UnsafeRawBufferPointer, _ name: String) -> LimitExceeded? { limits.topicLimit(topic, name) }

    /// Looks the topic's subscribers up and lends them to `body`, still as a reader, so that no session among them ends
    /// meanwhile. The scratch array is taken out, since a refusal in `body` may end a connection, and its will looks up
    /// targets of its own.
    private func withTargets(
        of topic: UnsafeRawBufferPointer, _ account: AccountContext,
        _ body: (UnsafeBufferPointer<SubscriptionEntry>) -> Void
    ) {
        asReader(of: account) {
            findTargets(topic, account)
            var found: [SubscriptionEntry] = []
            swap(&found, &targets)
            found.withUnsafeBufferPointer(body)
            swap(&found, &targets)
        }
    }

    /// Whether anybody has subscribed to the topic.
    func isHeard(_ topic: ByteBuffer, _ account: AccountContext) -> Bool {
        topic.withUnsafeReadableBytes { bytes in
            asReader(of: account) {
                findTargets(bytes, account)
                return !targets.isEmpty
            }
        }
    }

    /// Fills `targets`: one entry per subscriber, at the highest QoS of its matching filters, with its further
    /// Subscription Identifiers behind it; and one for each shared group.
    func findTargets(_ topic: UnsafeRawBufferPointer, _ account: AccountContext) {
        matches.removeAll()
        targets.removeAll(keepingCapacity: true)
        account.subscriptions.table.match(topic, into: &matches)
        if matches.entries.count <= 1 {
            targets.append(contentsOf: matches.entries.lazy.filter { !$0.options.contains(.suspended) })
        } else {
            var current = -1
            let sorted = matches.entries.sorted { ($0.loop, $0.subscriber) < ($1.loop, $1.subscriber) }
            for entry in sorted where !entry.options.contains(.suspended) { addTarget(entry, &current) }
        }
        for group in matches.groups { targets.append(.group(group)) }
    }

    /// - Parameter current: where the entry of the subscriber before stands.
    private func addTarget(_ entry: SubscriptionEntry, _ current: inout Int) {
        guard current >= 0, targets[current].subscriber == entry.subscriber, targets[current].loop == entry.loop else {
            current = targets.count
            targets.append(entry)
            return
        }
        targets[current].options = targets[current].options.merged(with: entry.options)
        guard entry.subscriptionID != 0 else { return }
        if targets[current].subscriptionID == 0 {
            targets[current].subscriptionID = entry.subscriptionID
        } else {
            var further = entry
            further.options.insert(.furtherID)
            targets.append(further)
        }
    }
}

// MARK: Refusals

extension BrokerShard {
    private func refusePublish(
        _ connection: ClientConnection, _ message: OutgoingMessage, _ view: PublishView,
        _ verdict: TopicVerdict
    ) {
        if verdict.contains(.reserved) { return refuseTopic(connection, message, view) }
        guard let authorizer = connection.authorizer else { return }
        let topic = String(decoding: message.topic, as: UTF8.self)
        let action: DataPlaneAction = verdict.contains(.allowed) ? .retainPublish : .publish
        let decision = authorizer.decide(action, name: topic, now: broker.clock.now())
        counters.publishDenied.count(decision)
        refuse(connection, view, .denied(decision))
    }

    private func refuseTopic(
        _ connection: ClientConnection, _ message: OutgoingMessage, _ view: PublishView
    ) {
        if let limit = topicLimit(message.topic, "mqtt.topicBytes") {
            return refuse(connection, view, .topicNameInvalid(limit.description))
        }
        guard let refusal = ReservedTopics.refusePublish(message.topic, behaviour.profile) else { return }
        refuse(connection, view, .reservedTopic(refusal))
    }

    /// A publish that is refused: version 5 says so in PUBACK or PUBREC and stays; at QoS 0, and in 3.1.1, the
    /// connection ends (policies.md section 7, mqtt-broker.md section 17). A refused QoS 2 message opens no exchange
    /// `[MQTT-4.3.3-9]`.
    func refuse(_ connection: ClientConnection, _ view: PublishView, _ cause: CloseCause) {
        guard connection.version == .v5, view.qos != .atMostOnce, let code = cause.disconnectReasonCode else {
            return close(connection, cause)
        }
        refusals.write("publish refused", metadata(of: connection).merging(cause.metadata) { $1 })
        var properties = Properties()
        if connection.wantsProblemInformation { properties.reasonString = MQTTString(cause.clientSentence) }
        let packet = Acknowledgement(packetID: view.packetID, reasonCode: code, properties: properties)
        answer(connection, view.qos == .exactlyOnce ? .pubRec(packet) : .pubAck(packet), isStored: false)
    }
}

// MARK: Publishing from inside

extension BrokerShard {
    /// Publishes a message that no client's packet carries: a will, an event, or what a service has to say.
    /// - Parameter mustRetain: one that cannot be retained is not published either.
    /// - Returns: the limit by which it was not retained.
    @discardableResult
    func publish(
        topic: ByteBuffer, payload: ByteBuffer, properties: ByteBuffer, qos: UInt8, retain: Bool,
        account: AccountContext, reach: Reach = .everybody, mustRetain: Bool = false
    ) -> LimitExceeded? {
        guard topic.readableBytes <= TopicName.longestBytes else {
            refusals.write("message not published", ["reason": "topicTooLong", "bytes": "\(topic.readableBytes)"])
            return nil
        }
        return topic.withUnsafeReadableBytes { topicBytes in
            payload.withUnsafeReadableBytes { payloadBytes in
                properties.withUnsafeReadableBytes { propertyBytes in
                    let summary = (try? PublishProperties.scan(propertyBytes)) ?? .none
                    var limit: LimitExceeded?
                    let message = OutgoingMessage(
                        topic: topicBytes, properties: propertyBytes, payload: payloadBytes, qos: qos, retain: retain,
                        topicHash: broker.topicHasher.hash(topicBytes),
                        expiryOffset: summary.messageExpiryInterval.map { _ in Int(summary.messageExpiryOffset) + 1 },
                        publisher: nil)
                    if retain {
                        do throws(LimitExceeded) {
                            _ = try self.retain(message, of: account, summary.messageExpiryInterval)
                        } catch {
                            refusals.write("message not retained", error.metadata)
                            if mustRetain { return error }
                            limit = error
                        }
                    }
                    withTargets(of: topicBytes, account) { deliver(message, to: $0, in: account, reach: reach) }
                    return limit
                }
            }
        }
    }

    /// Keeps the message as its topic's retained one; throws the limit that forbids it. Nothing is retained under `$`.
    /// - Returns: whether its acknowledgement has to wait for the store; that of QoS 0 is none.
    private func retain(
        _ message: OutgoingMessage, of account: AccountContext, _ expirySeconds: UInt32?
    ) throws(LimitExceeded) -> Bool {
        guard message.topic.first != UInt8(ascii: "$") else { return false }
        let retained = RetainedMessage(
            topic: ByteBuffer(bytes: message.topic), payload: ByteBuffer(bytes: message.payload),
            properties: ByteBuffer(bytes: message.properties), qos: message.qos, storedAt: broker.clock.now(),
            expirySeconds: expirySeconds)
        guard let change = try account.retained.store(retained, makeNumber: store.makeNumber) else {
            // Nothing is there any more, but its removal may not be durable yet: the acknowledgement comes after it.
            if message.qos > 0 { withBatch { $0.markAwaited() } }
            return message.qos > 0
        }
        withBatch { batch in
            switch change.kind {
            case .put:
                batch.put(change.number, .retained, revision: change.revision) {
                    StoredRetained.write(retained, of: account.account, into: &$0)
                }
            case .remove: batch.remove(change.number, revision: change.revision)
            }
        }
        return message.qos > 0
    }
}
