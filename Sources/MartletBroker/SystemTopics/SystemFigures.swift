/// The whole broker's numbers at one time: what stands behind `$SYS`.
struct SystemFigures {
    var uptimeSeconds = 0
    var clientsConnected = 0
    /// Kept sessions whose clients are away.
    var clientsAway = 0
    var clientsExpired = 0
    var packetsReceived = 0
    var packetsSent = 0
    var publishReceived = 0
    var publishSent = 0
    var publishDropped = 0
    var publishBytesReceived = 0
    var publishBytesSent = 0
    var bytesReceived = 0
    var bytesSent = 0
    var connectsAccepted = 0
    var socketsOpened = 0
    var subscriptions = 0
    var retained = 0
    var queued = 0

    init() {}

    init(_ counters: BrokerCounters) {
        clientsConnected = counters.connectsSucceeded - counters.disconnects.values.reduce(0, +)
        clientsExpired = counters.sessionsExpired
        packetsReceived = counters.packetsIn
        packetsSent = counters.answersOut + counters.publishOut
        publishReceived = counters.publishIn
        publishSent = counters.publishOut
        publishDropped =
            counters.droppedOutboundFull + counters.droppedQueueFull + counters.droppedPacketTooLarge
            + counters.droppedExpired + counters.droppedStaleTarget
        publishBytesReceived = counters.publishInBytes
        publishBytesSent = counters.publishOutBytes
        bytesReceived = counters.packetBytesIn
        bytesSent = counters.bytesOut
        connectsAccepted = counters.connectsSucceeded
        socketsOpened = counters.connectionsAccepted
        subscriptions = counters.subscriptions
    }
}
