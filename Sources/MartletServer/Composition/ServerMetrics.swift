import MartletBroker
import MartletObserve
import MartletStore
import Synchronization

/// What `/metrics` says: the shards' counts summed at the time of asking, and what is counted beside the hot path.
final class ServerMetrics: Sendable {
    let requests = CounterSet(
        MetricName.httpRequests, help: "HTTP requests answered.", labels: ["method", "status"])
    let handshakeFailures = CounterSet(
        MetricName.tlsHandshakeFailures, help: "TLS handshakes that were refused.", labels: ["reason"])
    private let broker: Broker
    private let startedNanoseconds: UInt64
    private let storeState: StoreState
    private let startMilliseconds = Mutex<UInt64?>(nil)

    init(broker: Broker, storeState: StoreState, startedNanoseconds: UInt64) {
        self.broker = broker
        self.storeState = storeState
        self.startedNanoseconds = startedNanoseconds
    }

    func markReady() {
        let elapsed = MonotonicClock().milliseconds(since: startedNanoseconds)
        startMilliseconds.withLock { $0 = elapsed }
    }

    func families() async -> [MetricFamily] {
        let counts = await broker.counters()
        return connections(counts) + sessions(counts) + messages(counts) + [denials(counts), drops(counts)]
            + throttles(counts) + [
                requests.family(), handshakeFailures.family(),
            ] + process()
    }

    private func connections(_ counts: BrokerCounters) -> [MetricFamily] {
        [
            gauge(MetricName.connections, "Connections open now.", counts.connectionsOpen),
            gauge(MetricName.subscriptions, "Subscriptions that exist now.", counts.subscriptions),
            gauge(MetricName.retainedMessages, "Retained messages kept now.", broker.retainedCount()),
            MetricFamily(
                MetricName.connect, .counter, help: "CONNECT packets by outcome.",
                samples: [sample(["result": "Success"], counts.connectsSucceeded)]
                    + counts.connectsRefused.sorted { $0.key < $1.key }.map {
                        sample(["reason": $0.key, "result": $0.key == "authorizationFailure" ? "AuthError" : "ClientError"], $0.value)
                    }),
            MetricFamily(
                MetricName.disconnects, .counter, help: "Connections that ended, by reason.",
                samples: counts.disconnects.sorted { $0.key < $1.key }.map { sample(["reason": $0.key], $0.value) }),
            counter(MetricName.ping, "PINGREQ packets.", counts.pings),
        ]
    }

    private func sessions(_ counts: BrokerCounters) -> [MetricFamily] {
        let store = broker.store.statistics
        return [
            gauge(MetricName.sessions, "Kept sessions, connected or not.", broker.sessionCount),
            counter(MetricName.sessionsExpired, "Kept sessions that ended because their clients stayed away.", counts.sessionsExpired),
            gauge(MetricName.queuedMessages, "Messages that wait in the queues of kept sessions.", store.queuedMessages),
            gauge(MetricName.presenceClients, "Client ids whose coming and going is remembered.", counts.clientsKnown),
            counter(MetricName.storeSyncs, "Group commits of the message store.", store.syncs),
            counter(MetricName.storeBytesWritten, "Bytes that the message store has written.", store.bytesWritten),
            gauge(MetricName.storeLiveBytes, "Bytes in the message store that are still needed.", store.liveBytes),
            MetricFamily(
                MetricName.storeState, .gauge, help: "1 for the state that the message store is in.",
                samples: StoreState.names.map { sample(["state": $0], storeState.name == $0 ? 1 : 0) }),
            gauge(MetricName.storeTotalBytes, "Bytes that the message store takes on disk.", store.totalBytes),
        ]
    }

    private func messages(_ counts: BrokerCounters) -> [MetricFamily] {
        [
            MetricFamily(
                MetricName.publishIn, .counter, help: "Messages that clients published.",
                samples: [
                    sample(["protocol": "MQTT", "result": "Success"], counts.publishIn - counts.publishDenied.total),
                    sample(["protocol": "MQTT", "result": "AuthError"], counts.publishDenied.total),
                    sample(["protocol": "HTTP", "result": "Success"], counts.publishInHTTP),
                ]),
            MetricFamily(
                MetricName.publishOut, .counter, help: "Messages delivered; one to N subscribers counts N.",
                samples: [
                    sample(["protocol": "MQTT", "result": "Success"], counts.publishOut),
                    sample(["protocol": "MQTT", "result": "AuthError"], counts.receiveDenied.total),
                ]),
            counter(MetricName.bytesIn, "Bytes of PUBLISH packets received.", counts.publishInBytes),
            counter(MetricName.bytesOut, "Bytes of PUBLISH packets sent.", counts.publishOutBytes),
        ]
    }

    private func denials(_ counts: BrokerCounters) -> MetricFamily {
        MetricFamily(
            MetricName.denials, .counter, help: "What policies denied, by action and reason.",
            samples: [
                ("iot:Connect", counts.connectDenied), ("iot:Publish", counts.publishDenied),
                ("iot:Receive", counts.receiveDenied), ("iot:Subscribe", counts.subscribeDenied),
            ].flatMap { action, count in
                [
                    sample(["action": action, "reason": "explicitDeny"], count.explicit),
                    sample(["action": action, "reason": "implicitDeny"], count.implicit),
                ]
            })
    }

    private func drops(_ counts: BrokerCounters) -> MetricFamily {
        MetricFamily(
            MetricName.messagesDropped, .counter, help: "Messages accepted and not delivered, by reason.",
            samples: [
                sample(["reason": "outboundFull"], counts.droppedOutboundFull),
                sample(["reason": "queueFull"], counts.droppedQueueFull),
                sample(["reason": "packetTooLarge"], counts.droppedPacketTooLarge),
                sample(["reason": "expired"], counts.droppedExpired),
                sample(["reason": "receiverGone"], counts.droppedStaleTarget),
                sample(["reason": "shareUnavailable"], counts.droppedShareUnavailable),
                sample(["reason": "publishRate"], counts.droppedOverRate),
                sample(["reason": "retainedNotKept"], counts.droppedRetainedUnkept),
                sample(["reason": "queueRate"], counts.droppedQueueRate),
            ])
    }

    private func throttles(_ counts: BrokerCounters) -> [MetricFamily] {
        [
            MetricFamily(
                MetricName.throttled, .counter, help: "What rates refused to clients, by limit.",
                samples: counts.throttled.sorted { $0.key < $1.key }.map { sample(["limit": $0.key], $0.value) }),
            counter(MetricName.abuseBans, "Source addresses that were shut out.", broker.abuse?.banCount ?? 0),
            counter(
                MetricName.abuseRefusedConnections, "Connections closed because their address was shut out.",
                broker.abuse?.refusedCount ?? 0),
        ]
    }

    private func process() -> [MetricFamily] {
        let start = startMilliseconds.withLock { $0 }
        return [
            MetricFamily(
                MetricName.build, .info, help: "What is running.",
                samples: [MetricSample([.init("version", MartletVersion.text)], 1)]),
            gauge(MetricName.startMilliseconds, "Milliseconds from start to ready.", Int(start ?? 0)),
            gauge(MetricName.residentMemoryBytes, "Resident memory of the process.", ProcessMemory.residentBytes()),
        ]
    }

    private func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
        MetricFamily(name, .gauge, help: help, samples: [MetricSample(UInt64(clamping: value))])
    }

    private func counter(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
        MetricFamily(name, .counter, help: help, samples: [MetricSample(UInt64(clamping: value))])
    }

    private func sample(_ labels: KeyValuePairs<String, String>, _ value: Int) -> MetricSample {
        MetricSample(labels.map { MetricSample.Label($0.key, $0.value) }, UInt64(clamping: value))
    }
}
