import MQTTCodec
import MartletBase
import NIOConcurrencyHelpers
import NIOCore

/// What `$SYS` says now, under the names that mosquitto documents, as far as this server measures it. Every loop reads
/// it when a client subscribes; the first loop writes it.
///
/// The messages are like retained ones and are kept nowhere but here.
final class SystemTopics: Sendable {
    private struct State {
        var messages: [RetainedMessage] = []
        var texts: [String: String] = [:]
        var last = SystemFigures()
        var mostClients = 0
        var loads: [String: [LoadAverage]] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// The messages whose topics the filter matches.
    func matching(_ filter: ByteBuffer) -> [RetainedMessage] {
        state.withLockedValue(\.messages).filter { message in
            filter.withUnsafeReadableBytes { filter in
                message.topic.withUnsafeReadableBytes { TopicFilter.matches(filter: filter, topic: $0) }
            }
        }
    }

    /// Takes new numbers.
    /// - Returns: the messages whose texts have changed.
    func update(_ figures: SystemFigures, version: String, at now: WallInstant) -> [RetainedMessage] {
        state.withLockedValue { state in
            let seconds = Double(figures.uptimeSeconds - state.last.uptimeSeconds)
            state.mostClients = max(state.mostClients, figures.clientsConnected + figures.clientsAway)
            Self.addLoads(figures, seconds, &state)
            state.last = figures
            var changed: [RetainedMessage] = []
            for (name, text) in Self.texts(figures, version, state) where state.texts[name] != text {
                state.texts[name] = text
                let message = RetainedMessage(
                    topic: ByteBuffer(string: "$SYS/broker/\(name)"), payload: ByteBuffer(string: text),
                    properties: ByteBuffer(), qos: 0, storedAt: now, expirySeconds: nil)
                state.messages.removeAll { $0.topic == message.topic }
                state.messages.append(message)
                changed.append(message)
            }
            return changed
        }
    }

    private static let windows = [("1min", 1.0), ("5min", 5.0), ("15min", 15.0)]

    private static func addLoads(_ figures: SystemFigures, _ seconds: Double, _ state: inout State) {
        for (name, value) in loads {
            var averages = state.loads[name] ?? windows.map { LoadAverage(windowMinutes: $0.1) }
            let count = figures[keyPath: value] - state.last[keyPath: value]
            for index in averages.indices { averages[index].add(count, inSeconds: seconds) }
            state.loads[name] = averages
        }
    }

    nonisolated(unsafe) private static let loads: [(String, KeyPath<SystemFigures, Int>)] = [
        ("messages/received", \.packetsReceived), ("messages/sent", \.packetsSent),
        ("publish/received", \.publishReceived), ("publish/sent", \.publishSent),
        ("publish/dropped", \.publishDropped), ("bytes/received", \.bytesReceived), ("bytes/sent", \.bytesSent),
        ("connections", \.connectsAccepted), ("sockets", \.socketsOpened),
    ]

    private static func texts(_ figures: SystemFigures, _ version: String, _ state: State) -> [(String, String)] {
        let total = figures.clientsConnected + figures.clientsAway
        let stored = figures.queued + figures.retained
        let numbers = [
            ("clients/connected", figures.clientsConnected), ("clients/active", figures.clientsConnected),
            ("clients/disconnected", figures.clientsAway), ("clients/inactive", figures.clientsAway),
            ("clients/total", total), ("clients/maximum", state.mostClients), ("clients/expired", figures.clientsExpired),
            ("messages/received", figures.packetsReceived), ("messages/sent", figures.packetsSent),
            ("messages/stored", stored), ("store/messages/count", stored),
            ("publish/messages/received", figures.publishReceived), ("publish/messages/sent", figures.publishSent),
            ("publish/messages/dropped", figures.publishDropped),
            ("publish/bytes/received", figures.publishBytesReceived), ("publish/bytes/sent", figures.publishBytesSent),
            ("bytes/received", figures.bytesReceived), ("bytes/sent", figures.bytesSent),
            ("subscriptions/count", figures.subscriptions), ("retained messages/count", figures.retained),
        ].map { ($0.0, String($0.1)) }
        let averages = state.loads.sorted { $0.key < $1.key }.flatMap { name, averages in
            zip(windows, averages).map { ("load/\(name)/\($0.0)", $1.text) }
        }
        return [("version", version), ("uptime", "\(figures.uptimeSeconds) seconds")] + numbers + averages
    }
}
