import IoTPolicy

/// Counts of one event loop: plain integers that only their loop touches, summed when somebody scrapes.
package struct BrokerCounters: Sendable {
    package var connectionsOpen = 0
    package var connectionsAccepted = 0
    package var connectsSucceeded = 0
    package var connectsRefused: [String: Int] = [:]
    package var disconnects: [String: Int] = [:]
    package var publishIn = 0
    package var publishInBytes = 0
    /// Messages that were published over HTTPS, and the bytes of their payloads.
    package var publishInHTTP = 0
    package var publishInHTTPBytes = 0
    /// MQTT packets of every kind, and their bytes.
    package var packetsIn = 0
    package var packetBytesIn = 0
    /// Packets that are no PUBLISH.
    package var answersOut = 0
    /// Bytes handed to clients' sockets.
    package var bytesOut = 0
    /// Kept sessions whose clients are connected.
    package var sessionsConnected = 0
    package var publishOut = 0
    package var publishOutBytes = 0
    package var connectDenied = DenialCount()
    package var publishDenied = DenialCount()
    package var receiveDenied = DenialCount()
    package var subscribeDenied = DenialCount()
    package var droppedOutboundFull = 0
    package var droppedQueueFull = 0
    package var droppedPacketTooLarge = 0
    package var droppedExpired = 0
    package var droppedStaleTarget = 0
    /// Messages of shared groups that no member could take.
    package var droppedShareUnavailable = 0
    /// Messages of QoS 0 that a rate left no room for.
    package var droppedOverRate = 0
    /// Of QoS 0: delivered, and not retained because the store could not take them.
    package var droppedRetainedUnkept = 0
    /// Messages for clients that are away, beyond `session.queueRate`.
    package var droppedQueueRate = 0
    /// What a rate refused to clients, by the name of the limit.
    package var throttled: [String: Int] = [:]
    package var pings = 0
    package var subscriptions = 0
    package var takeOvers = 0
    package var sessionsExpired = 0
    /// Client ids that the home loop remembers.
    package var clientsKnown = 0

    package init() {}

    package static func + (one: BrokerCounters, other: BrokerCounters) -> BrokerCounters {
        var sum = one
        sum.connectionsOpen += other.connectionsOpen
        sum.connectionsAccepted += other.connectionsAccepted
        sum.connectsSucceeded += other.connectsSucceeded
        sum.connectsRefused.merge(other.connectsRefused, uniquingKeysWith: +)
        sum.disconnects.merge(other.disconnects, uniquingKeysWith: +)
        sum.publishIn += other.publishIn
        sum.publishInBytes += other.publishInBytes
        sum.publishInHTTP += other.publishInHTTP
        sum.publishInHTTPBytes += other.publishInHTTPBytes
        sum.packetsIn += other.packetsIn
        sum.packetBytesIn += other.packetBytesIn
        sum.answersOut += other.answersOut
        sum.bytesOut += other.bytesOut
        sum.sessionsConnected += other.sessionsConnected
        sum.publishOut += other.publishOut
        sum.publishOutBytes += other.publishOutBytes
        sum.connectDenied.add(other.connectDenied)
        sum.publishDenied.add(other.publishDenied)
        sum.receiveDenied.add(other.receiveDenied)
        sum.subscribeDenied.add(other.subscribeDenied)
        sum.droppedOutboundFull += other.droppedOutboundFull
        sum.droppedQueueFull += other.droppedQueueFull
        sum.droppedPacketTooLarge += other.droppedPacketTooLarge
        sum.droppedExpired += other.droppedExpired
        sum.droppedStaleTarget += other.droppedStaleTarget
        sum.droppedShareUnavailable += other.droppedShareUnavailable
        sum.droppedRetainedUnkept += other.droppedRetainedUnkept
        sum.droppedOverRate += other.droppedOverRate
        sum.droppedQueueRate += other.droppedQueueRate
        sum.throttled.merge(other.throttled, uniquingKeysWith: +)
        sum.pings += other.pings
        sum.subscriptions += other.subscriptions
        sum.takeOvers += other.takeOvers
        sum.sessionsExpired += other.sessionsExpired
        sum.clientsKnown += other.clientsKnown
        return sum
    }
}

/// How often policies denied one action: because a Deny said so, or because nothing allowed it.
package struct DenialCount: Sendable {
    package private(set) var explicit = 0
    package private(set) var implicit = 0

    package init() {}

    package var total: Int { explicit + implicit }

    mutating func count(isExplicit: Bool) {
        if isExplicit { explicit += 1 } else { implicit += 1 }
    }

    mutating func count(_ decision: PolicyDecision) { count(isExplicit: decision.outcome == .explicitDeny) }

    mutating func add(_ other: DenialCount) {
        explicit += other.explicit
        implicit += other.implicit
    }
}
