import MQTTCodec
import MartletStore

/// Shared subscriptions (MQTT 5.0 section 4.8.2, mqtt-broker.md section 10): each message of a group goes to one member,
/// in turn, and past those that are away or have no room.
extension BrokerShard {
    /// The member that gets the message; nil when nobody does, and then it is counted.
    /// - Parameter group: its number in the subscription index, which this loop is reading.
    func member(
        of group: UInt32, for message: OutgoingMessage, _ account: AccountContext, _ reach: Reach
    ) -> SubscriptionEntry? {
        let members = account.subscriptions.table.members(ofGroup: group)
        if reach != .everybody {
            // What is delivered in two steps goes to one member all the same: to a kept session if there is one.
            let isKept = message.qos > 0 && members.contains { $0.loop == SessionPlace.loopMarker && $0.options.qos > 0 }
            guard isKept == (reach == .queues) else { return nil }
        }
        let start = nextTurn(of: group)
        var choice = ShareChoice()
        for offset in 0..<members.count {
            let member = members[(start + offset) % members.count]
            guard !member.options.contains(.suspended) else { continue }
            let qos = min(message.qos, member.options.qos)
            guard reach != .queues || qos > 0 && member.loop == SessionPlace.loopMarker else { continue }
            guard let ref = connection(of: member) else {
                if qos > 0 { choice.away = choice.away ?? member }
                continue
            }
            if takeRoom(of: ref) { return member }
            choice.full = choice.full ?? member
        }
        // QoS 0 waits for nobody.
        if message.qos > 0, let waiting = choice.full ?? choice.away, waiting.options.qos > 0 { return waiting }
        counters.droppedShareUnavailable += 1
        return nil
    }

    private struct ShareChoice {
        /// Connected, and has no room: its own queue takes the message.
        var full: SubscriptionEntry?
        /// A kept session whose client is away.
        var away: SubscriptionEntry?
    }

    private func connection(of member: SubscriptionEntry) -> ConnectionRef? {
        member.loop == SessionPlace.loopMarker ? broker.sessions.connection(of: member.subscriber)?.ref : member.ref
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

    /// Tells publishers how much more the connection takes, if it is a member of a group.
    @inline(__always)
    func noteRoom(of connection: ClientConnection) {
        if connection.isShareMember { broker.rooms[Int(index)].set(room(of: connection), slot: connection.slot) }
    }

    private func room(of connection: ClientConnection) -> Int {
        guard connection.pending == nil, connection.output.byteCount < limits.outboundBytes / 2 else { return 0 }
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
