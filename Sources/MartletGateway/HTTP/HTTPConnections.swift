import NIOConcurrencyHelpers
import NIOCore

/// The HTTP connections that are open, so that the server can end them in peace: each finishes the request it is at.
final class HTTPConnections: Sendable {
    private struct Entry {
        let channel: any Channel
        let work: Task<Void, Never>
    }

    private let entries = NIOLockedValueBox<[ObjectIdentifier: Entry]>([:])

    func add(_ channel: any Channel, _ work: Task<Void, Never>) {
        let id = ObjectIdentifier(channel)
        entries.withLockedValue { $0[id] = Entry(channel: channel, work: work) }
        Task {
            await work.value
            self.entries.withLockedValue { $0[id] = nil }
        }
    }

    /// Asks every connection to close behind the answer under way, and waits for them as long as `patience` says.
    func finish(patience: Duration) async {
        let open = entries.withLockedValue { Array($0.values) }
        for entry in open { entry.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = Task {
            try await Task.sleep(for: patience)
            for entry in open { entry.channel.close(promise: nil) }
        }
        for entry in open { await entry.work.value }
        deadline.cancel()
    }
}
