/// What everybody has sent and what was promised to them: the model that a world is compared with.
final class Ledger {
    /// Rises with everything that happens.
    private(set) var now = 0
    private(set) var violations: [String] = []
    private(set) var trace: [String] = []
    /// By payload.
    private(set) var messages: [String: SentMessage] = [:]
    /// In the order of sending.
    private(set) var retained: [String: [SentMessage]] = [:]
    private(set) var groups: [String: GroupModel] = [:]
    private(set) var acknowledgedCount = 0
    var clients: [SimulatedClient] = []

    /// A shared group: each message goes to one of its members.
    final class GroupModel {
        var due: [SentMessage] = []
        /// When a member went last, or may have.
        var leftAt = 0
        /// How many members have got a message, by payload.
        var deliveries: [String: Int] = [:]
    }

    func tick() -> Int {
        now += 1
        return now
    }

    func note(_ words: @autoclosure () -> String) { trace.append("\(now) " + words()) }

    func violation(_ words: String) {
        trace.append("\(now) VIOLATION \(words)")
        violations.append(words)
    }

    func add(_ message: SentMessage) {
        if !message.clears { messages[message.text] = message }
        if message.isRetained { retained[message.topic, default: []].append(message) }
    }

    /// The server has taken the message over: from now on it is owed to all who had subscribed when it was sent.
    func acknowledged(_ message: SentMessage) {
        guard !message.isAcknowledged else { return }
        message.isAcknowledged = true
        message.endedAt = tick()
        acknowledgedCount += 1
        guard !message.clears, message.qos > 0 else { return }
        for client in clients { client.expect(message) }
        for (filter, group) in groups where matches(withoutShare(filter), message.topic) && isOwed(message, filter) {
            group.due.append(message)
        }
    }

    /// A message that was published twice may be another one to the server: then the last time counts.
    static func wasSent(_ message: SentMessage) -> Int { message.qos == 2 ? message.firstSent : message.lastSent }

    // MARK: Shared groups

    func join(_ filter: String) { if groups[filter] == nil { groups[filter] = GroupModel() } }

    /// A member's session has ended, or may have: what was given to it went with it.
    func memberLeft(_ filter: String) {
        guard let group = groups[filter] else { return }
        group.due = []
        group.leftAt = tick()
    }

    func delivered(_ message: SentMessage, toGroup filter: String) {
        guard let group = groups[filter] else { return }
        group.deliveries[message.text, default: 0] += 1
        guard group.deliveries[message.text] ?? 0 > 1, message.qos == 2 || message.timesSent == 1 else { return }
        violation("\(filter) has given \(message.name) to two members")
    }

    /// While nobody knows whether a member has a session, it may be given messages and lose them.
    private func isOwed(_ message: SentMessage, _ filter: String) -> Bool {
        let members = clients.filter { $0.filters.contains { $0.filter == filter } }
        guard groups[filter]?.leftAt ?? 0 < Self.wasSent(message), members.allSatisfy({ !$0.isSessionUnknown }) else { return false }
        return members.contains { client in
            client.session?.subscriptions[filter].map { $0.qos > 0 && $0.since < Self.wasSent(message) } ?? false
        }
    }

    // MARK: The end

    /// Compares what has come with what had to.
    func compare(retainedNow: [String: String]) {
        for client in clients { client.compare() }
        for (filter, group) in groups.sorted(by: { $0.key < $1.key }) {
            for message in group.due where group.deliveries[message.text] == nil {
                violation("\(filter) has lost \(message.name)")
            }
        }
        for (topic, candidates) in retained.sorted(by: { $0.key < $1.key }) { compareRetained(topic, candidates, retainedNow[topic]) }
    }

    /// Of messages that were under way at the same time any may be the last; one that had ended before another began is not.
    private func compareRetained(_ topic: String, _ candidates: [SentMessage], _ found: String?) {
        let possible = candidates.filter { candidate in
            !candidates.contains { other in
                other.isAcknowledged && candidate.endedAt.map { other.firstSent > $0 } ?? false
            }
        }
        let mayBeNone = !candidates.contains { $0.isAcknowledged } || possible.contains { $0.clears }
        if let found {
            guard !possible.contains(where: { $0.text == found && !$0.clears }) else { return }
            violation("\(topic) has retained \(found.prefix { $0 != "|" }), which is not its last message")
        } else if !mayBeNone {
            violation("\(topic) has lost its retained message")
        }
    }
}
