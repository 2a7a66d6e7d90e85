import Logging
import MQTTCodec
import MartletBase
import NIOCore

/// Rates and what follows from them (mqtt-broker.md sections 8 and 16). A rate is asked only where one is set. What it
/// stops is looked at again when the next second of the loop begins.
extension BrokerShard {
    /// The loop's clock, which every rate is measured by.
    var nowNanoseconds: UInt64 { loop.now.uptimeNanoseconds }

    // MARK: CONNECT

    /// What of the server or of the client's wishes forbids the CONNECT before anybody asks who it is.
    func connectLimit(_ connect: Connect, _ connection: ClientConnection) -> LimitExceeded? {
        if isMemoryFull, let limit = limits.memoryBytes {
            return LimitExceeded("memory.maxBytes", limit: limit, asked: limit + 1, reasonCode: .quotaExceeded)
        }
        if let rate = connection.account.rates.connects, !rate.take(at: nowNanoseconds) {
            return throttle(LimitExceeded(rate: "connect.ratePerAccount", rate.limit))
        }
        guard let least = limits.minClientPacketBytes, let asked = connect.properties.maximumPacketSizeBytes, asked < least
        else { return nil }
        return LimitExceeded("mqtt.minClientPacket", limit: least, asked: Int(asked), reasonCode: .quotaExceeded)
    }

    /// Takes one CONNECT of the client id. Its home loop asks, which is the one place that sees all of them; so it is
    /// asked behind authorisation, and nobody can throttle a client id that is not theirs to use.
    func connectLimit(of entry: ClientEntry) -> LimitExceeded? {
        guard let rate = pace.connectPerClient, !entry.connects.take(of: rate, at: nowNanoseconds) else { return nil }
        return throttle(LimitExceeded(rate: "connect.ratePerClientId", rate))
    }

    func noteAbuse(_ refusal: ConnectRefusal, of connection: ClientConnection) {
        switch refusal {
        case .malformed: broker.abuse?.note(.malformedPackets, by: connection.peer.address)
        case .notAuthenticated, .certificateNotUsable, .badCredentials:
            broker.abuse?.note(.failedAuthentications, by: connection.peer.address)
        default: break
        }
    }

    /// Counts what a rate refuses.
    func throttle(_ limit: LimitExceeded) -> LimitExceeded {
        counters.throttled[limit.name, default: 0] += 1
        return limit
    }

    // MARK: PUBLISH from the client

    /// Takes one publish of the client and of its account. One too many is answered with 0x97 in version 5 at QoS 1 and
    /// 2; otherwise it is dropped without a word, as AWS does.
    /// - Returns: whether it was one too many.
    func isOverPublishRate(_ connection: ClientConnection, _ view: PublishView) -> Bool {
        guard let limit = publishRateExceeded(by: connection) else { return false }
        drop(view, throttle(limit), connection)
        return true
    }

    private func publishRateExceeded(by connection: ClientConnection) -> LimitExceeded? {
        let now = nowNanoseconds
        if let rate = pace.publish, !connection.publishes.has(of: rate, at: now) {
            return LimitExceeded(rate: "publish.ratePerConnection", rate)
        }
        if let rate = connection.account.rates.publishesIn, !rate.take(at: now) {
            return LimitExceeded(rate: "publish.inRate", rate.limit)
        }
        if let rate = pace.publish { connection.publishes.charge(1, of: rate, at: now) }
        return nil
    }

    /// Whether the retained publish is one too many for its topic or its account; then it is neither kept nor delivered.
    func isOverRetainRate(_ message: OutgoingMessage, _ connection: ClientConnection, _ view: PublishView) -> Bool {
        guard message.topic.first != UInt8(ascii: "$"),
            let limit = connection.account.rates.takeRetained(topicHash: message.topicHash, at: nowNanoseconds)
        else { return false }
        drop(view, throttle(limit), connection)
        return true
    }

    private func drop(_ view: PublishView, _ limit: LimitExceeded, _ connection: ClientConnection) {
        guard connection.version == .v5, view.qos != .atMostOnce else {
            return refusals.write("publish dropped", level: .info, metadata(of: connection).merging(limit.metadata) { $1 })
        }
        refuse(connection, view, .limit(limit))
    }

    /// The v5 property that is larger than its limit.
    func propertyLimit(_ summary: PublishProperties) -> LimitExceeded? {
        let sizes: [(String, Int?, Int)] = [
            ("mqtt5.contentTypeBytes", limits.contentTypeBytes, Int(summary.contentTypeLength)),
            ("mqtt5.correlationDataBytes", limits.correlationDataBytes, Int(summary.correlationDataLength)),
            ("mqtt5.userPropertyBytes", limits.userPropertyBytes, Int(summary.userPropertyBytes)),
        ]
        for (name, limit, size) in sizes {
            if let limit, size > limit {
                return LimitExceeded(name, limit: limit, asked: size, reasonCode: .quotaExceeded)
            }
        }
        return nil
    }

    /// The Message Expiry Interval that the message gets in place of the one it has; nil when that stays.
    func changedExpiry(_ summary: PublishProperties) -> UInt32? {
        guard let limit = limits.messageExpiryMaxSeconds, let asked = summary.messageExpiryInterval else { return nil }
        let given = min(max(asked, 1), limit)
        return given == asked ? nil : given
    }

    /// Who sends more bytes than `publish.bytesPerSecond`, or publishes while memory is short, is not read from until
    /// there is room again. Nothing that it has sent is lost.
    func hold(_ connection: ClientConnection, bytes: Int) {
        if isMemoryFull { connection.holds.insert(.memory) }
        if let rate = pace.publishBytes {
            let now = nowNanoseconds
            connection.publishedBytes.charge(bytes, of: rate, at: now)
            if connection.publishedBytes.isInDebt(at: now) { connection.holds.insert(.bytes) }
        }
        if !connection.holds.isEmpty { waitForNextSecond(connection) }
    }

    // MARK: PUBLISH to the client

    /// Takes one delivery of the client and of its account. What has none waits, or is dropped at QoS 0.
    @inline(__always)
    func takesDelivery(_ connection: ClientConnection) -> Bool {
        !pace.limitsDeliveries || takeDelivery(connection)
    }

    private func takeDelivery(_ connection: ClientConnection) -> Bool {
        let now = nowNanoseconds
        if let rate = pace.publish, !connection.publishes.has(of: rate, at: now) {
            waitForNextSecond(connection)
            return false
        }
        if let rate = connection.account.rates.publishesOut, !rate.take(at: now) {
            waitForNextSecond(connection)
            return false
        }
        if let rate = pace.publish { connection.publishes.charge(1, of: rate, at: now) }
        return true
    }

    /// Takes one stored message of a session whose client has come back, if the entry is one (mqtt-broker.md section 7).
    /// What was published since waits behind it, since the order is kept `[MQTT-4.6.0-6]`.
    @inline(__always)
    func takesReplay(_ sequence: UInt64, _ session: PersistentSession, _ connection: ClientConnection) -> Bool {
        guard let rate = pace.replay, sequence <= session.replayThrough ?? 0 else { return true }
        if session.replays.take(of: rate, at: nowNanoseconds) { return true }
        waitForNextSecond(connection)
        return false
    }

    /// Whether the message would wait for a client that is away.
    func isAway(_ message: OutgoingMessage, _ target: SubscriptionEntry) -> Bool {
        message.qos > 0 && target.loop == SessionPlace.loopMarker && target.options.qos > 0
            && broker.sessions.connection(of: target.subscriber) == nil
    }

    /// Whether one more message that waits for those who are away is one too many: then they do not get it.
    func isOverQueueRate(_ account: AccountContext) -> Bool {
        guard let rate = account.rates.queued, !rate.take(at: nowNanoseconds) else { return false }
        counters.droppedQueueRate += 1
        return true
    }

    /// Takes one message out of a shared group's queue: so many a second for each member that is connected. What has to
    /// wait is looked at when the next second begins.
    func takesDrain(_ queue: ShareQueue) -> Bool {
        guard let perMember = limits.rates.drainedPerMember else { return true }
        let rate = RateLimit(perMember * max(1, connectedMembers(of: queue)))
        if let rate, shareHandOuts[queue.queue]?.drained.take(of: rate, at: nowNanoseconds) == false {
            throttledShares[queue.queue] = queue
            return false
        }
        return true
    }

    private func connectedMembers(of queue: ShareQueue) -> Int {
        let table = queue.account.subscriptions.table
        return queue.filter.withUnsafeReadableBytes { filter in
            guard let share = ShareName(filter), let group = table.group(share.name, share.matched) else { return 0 }
            return table.members(ofGroup: group).count { self.isConnected($0) }
        }
    }

    // MARK: SUBSCRIBE

    /// What the account or the shared group has no room for.
    /// - Parameter accepted: filters of the same packet that are not in the index yet.
    func subscriptionLimit(
        _ filter: UnsafeRawBufferPointer, accepted: [ByteBuffer], isNew: Bool, _ connection: ClientConnection
    ) -> LimitExceeded? {
        let table = connection.account.subscriptions.table
        let count = table.subscriptionCount + accepted.count
        if let limit = limits.subscriptionsPerAccount, isNew, count >= limit {
            return LimitExceeded("sub.perAccount", limit: limit, asked: count + 1, reasonCode: .quotaExceeded)
        }
        if let share = ShareName(filter), let limit = shareLimit(share, filter, accepted, isNew, connection) {
            return limit
        }
        guard let rate = connection.account.rates.subscribes, !rate.take(at: nowNanoseconds) else { return nil }
        return throttle(LimitExceeded(rate: "sub.ratePerAccount", rate.limit))
    }

    private func shareLimit(
        _ share: ShareName, _ filter: UnsafeRawBufferPointer, _ accepted: [ByteBuffer], _ isNew: Bool,
        _ connection: ClientConnection
    ) -> LimitExceeded? {
        let table = connection.account.subscriptions.table
        let members = table.memberCount(group: share.name, filter: share.matched)
        if let limit = limits.shareGroups, members == nil {
            let count = table.groupCount + newGroups(accepted, besides: filter, table)
            guard count < limit else {
                return LimitExceeded("share.groups", limit: limit, asked: count + 1, reasonCode: .quotaExceeded)
            }
        }
        if let limit = limits.shareMembers, isNew, let members, members >= limit {
            return LimitExceeded("share.members", limit: limit, asked: members + 1, reasonCode: .quotaExceeded)
        }
        return takeShareOperation(filter, connection).map(throttle)
    }

    /// Groups that the packet's earlier filters make.
    private func newGroups(
        _ accepted: [ByteBuffer], besides filter: UnsafeRawBufferPointer, _ table: SubscriptionTable
    ) -> Int {
        Set(accepted).count { other in
            other.withUnsafeReadableBytes { bytes in
                guard let share = ShareName(bytes), !bytes.elementsEqual(filter) else { return false }
                return table.memberCount(group: share.name, filter: share.matched) == nil
            }
        }
    }

    /// Counts a SUBSCRIBE or UNSUBSCRIBE of the group. Leaving counts too, and is never refused: it gives something back.
    @discardableResult
    func takeShareOperation(_ filter: UnsafeRawBufferPointer, _ connection: ClientConnection) -> LimitExceeded? {
        connection.account.rates.takeShareOperation(groupHash: broker.topicHasher.hash(filter), at: nowNanoseconds)
    }

    /// What `mqtt.profile: aws` does not have; nil when the packet may go on.
    func notInProfile(_ packet: Subscribe) -> CloseCause? {
        if packet.properties.subscriptionIdentifiers.first != nil {
            return .notInProfile(.subscriptionIdentifiersNotSupported, "a Subscription Identifier")
        }
        guard packet.subscriptions.contains(where: { $0.qos == .exactlyOnce }) else { return nil }
        return .notInProfile(.qosNotSupported, "a subscription at QoS 2")
    }

    // MARK: Time

    func waitForNextSecond(_ connection: ClientConnection) {
        guard !connection.isThrottled else { return }
        connection.isThrottled = true
        throttled.append(ref(connection))
    }

    /// Looks at the memory, and at everybody whom a limit has stopped.
    func beginSecondOfLimits() {
        if index == 0 { broker.measureMemory() }
        isMemoryFull = broker.isMemoryFull
        holdsPublishers = pace.publishBytes != nil || isMemoryFull
        releaseShares()
        guard !throttled.isEmpty else { return }
        let waiting = throttled
        throttled = []
        for ref in waiting {
            if let connection = connection(ref), !connection.isClosed { release(connection) }
        }
    }

    private func releaseShares() {
        guard !throttledShares.isEmpty else { return }
        let waiting = throttledShares.values.map(\.self)
        throttledShares = [:]
        for queue in waiting { handOut(queue) }
    }

    private func release(_ connection: ClientConnection) {
        connection.isThrottled = false
        if !isMemoryFull { connection.holds.remove(.memory) }
        if !connection.publishedBytes.isInDebt(at: nowNanoseconds) { connection.holds.remove(.bytes) }
        if !connection.holds.isEmpty {
            // It could not be heard: that is not its silence.
            connection.lastHeardSecond = second
            waitForNextSecond(connection)
        }
        guard connection.phase == .connected else { return }
        sendPending(connection)
        sendQueued(to: connection)
        noteRoom(of: connection)
        if mayRead(connection) { connection.transport.resumeReading() }
    }
}
