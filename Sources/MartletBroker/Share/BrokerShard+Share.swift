import MQTTCodec
import MartletStore
import Synchronization

/// Shared subscriptions (MQTT 5.0 section 4.8.2, mqtt-broker.md section 10): each message of a group goes to one member,
/// in turn, and past those that are away or have no room.
extension BrokerShard {
    /// Where a message for a shared group goes.
    enum ShareTarget {
        case member(SubscriptionEntry)
        /// Nobody can take it now: it waits for whoever can first.
        case queue(StoreNumber)
    }

    /// nil when nobody gets it, and then it is counted.
    /// - Parameter group: its number in the subscription index, which this loop is reading.
    func target(
        inGroup group: UInt32, of message: OutgoingMessage, _ account: AccountContext, _ reach: Reach
    ) -> ShareTarget? {
        let members = account.subscriptions.table.members(ofGroup: group)
        if reach != .everybody {
            // What is delivered in two steps goes to one member all the same: to a kept session if there is one.
            let isKept = message.qos > 0 && members.contains { $0.loop == SessionPlace.loopMarker && $0.options.qos > 0 }
            guard isKept == (reach == .queues) else { return nil }
        }
        let choice = choose(group, members, qos: message.qos, onlyKept: reach == .queues)
        if let free = choice.free { return .member(free) }
        // QoS 0 waits for nobody.
        if message.qos > 0, let waiting = choice.full ?? choice.away {
            let queue = account.subscriptions.table.queue(ofGroup: group)
            return queue != 0 && reach != .connections ? .queue(StoreNumber(queue)) : .member(waiting)
        }
        counters.droppedShareUnavailable += 1
        return nil
    }

    struct ShareChoice {
        /// It takes the message now.
        var free: SubscriptionEntry?
        /// Connected, asks for more than QoS 0, and has no room.
        var full: SubscriptionEntry?
        /// A kept session that asks for more than QoS 0, whose client is away.
        var away: SubscriptionEntry?
    }

    /// Looks for a member that takes a message, beginning with the one whose turn it is.
    func choose(
        _ group: UInt32, _ members: UnsafeBufferPointer<SubscriptionEntry>, qos: UInt8, onlyKept: Bool
    ) -> ShareChoice {
        let start = nextTurn(of: group)
        var choice = ShareChoice()
        for offset in 0..<members.count {
            let member = members[(start + offset) % members.count]
            guard !member.options.contains(.suspended) else { continue }
            let waits = min(qos, member.options.qos) > 0
            guard !onlyKept || waits && member.loop == SessionPlace.loopMarker else { continue }
            guard let ref = connection(of: member) else {
                if waits { choice.away = choice.away ?? member }
                continue
            }
            if takeRoom(of: ref) {
                choice.free = member
                return choice
            }
            if waits { choice.full = choice.full ?? member }
        }
        return choice
    }

    private func connection(of member: SubscriptionEntry) -> ConnectionRef? {
        member.loop == SessionPlace.loopMarker ? broker.sessions.connection(of: member.subscriber)?.ref : member.ref
    }

    func isConnected(_ member: SubscriptionEntry) -> Bool {
        !member.options.contains(.suspended) && connection(of: member) != nil
    }

    /// Groups share these counters by their numbers' last bits; what matters is that one group's members take turns.
    private func nextTurn(of group: UInt32) -> Int {
        let index = Int((group ^ group >> 8) & 0xFF)
        shareTurns[index] &+= 1
        return Int(shareTurns[index] & 0x7FFF_FFFF)
    }

    /// Whether the connection takes one more. What this loop has given others in this turn they do not know yet.
    private func takeRoom(of ref: ConnectionRef) -> Bool {
        let room = broker.rooms[Int(ref.loop)].room(slot: ref.slot)
        guard ref.loop != index || connection(ref)?.session != nil else { return room > 0 }
        let given = shareGiven[ref, default: 0]
        guard given < room else { return false }
        shareGiven[ref] = given + 1
        scheduleTurnEnd()
        return true
    }

    /// Whether the member would take a message now.
    func mayTake(_ member: SubscriptionEntry) -> Bool {
        guard !member.options.contains(.suspended), let ref = connection(of: member) else { return false }
        return broker.rooms[Int(ref.loop)].room(slot: ref.slot) > shareGiven[ref, default: 0]
    }

    /// Tells publishers how much more the connection takes, if it is a member of a group.
    @inline(__always)
    func noteRoom(of connection: ClientConnection) {
        if connection.isShareMember { announceRoom(of: connection) }
    }

    private func announceRoom(of connection: ClientConnection) {
        let room = room(of: connection)
        broker.rooms[Int(index)].set(room, slot: connection.slot)
        let queues = connection.account.shareQueues
        guard room > 0, queues.waiting.load(ordering: .sequentiallyConsistent) > 0 else { return }
        for filter in connection.subscriptions?.keys ?? [:].keys where filter.isSharedFilter {
            guard let queue = queues[filter], queue.waits.load(ordering: .sequentiallyConsistent) else { continue }
            broker.mailboxes[Int(queue.homeLoop)].post(.run { $0.handOut(queue) })
        }
    }

    private func room(of connection: ClientConnection) -> Int {
        guard connection.pending == nil, !connection.isThrottled, connection.output.byteCount < limits.outboundBytes / 2 else { return 0 }
        guard let session = connection.session else { return connection.receiveMaximum - connection.inflight.count }
        return max(0, connection.receiveMaximum - session.window.openCount - session.backlog)
    }

    /// The connection has taken part in a group, or has taken up a session that does.
    func joinShare(_ connection: ClientConnection) {
        connection.isShareMember = true
        noteRoom(of: connection)
    }
}

extension SubscriptionEntry {
    /// The `loop` of a shared group in a list of targets; its `subscriber` is the group's number in the index, which
    /// holds as long as the index does not change.
    static let groupMarker = UInt16.max - 1

    static func group(_ number: UInt32) -> SubscriptionEntry {
        SubscriptionEntry(subscriber: number, loop: groupMarker, generation: 0, options: [])
    }
}
