import NIOConcurrencyHelpers
import NIOCore

/// The listening sockets of a gateway.
final class Listeners: Sendable {
    private let channels = NIOLockedValueBox<[any Channel]>([])

    func add(_ channel: any Channel) { channels.withLockedValue { $0.append(channel) } }

    func takeAll() -> [any Channel] {
        channels.withLockedValue { channels in
            let all = channels
            channels.removeAll()
            return all
        }
    }
}
