import MartletBase
import MartletBroker
import MartletServices
import NIOCore
import Synchronization

/// Stands where the broker stands: remembers what services publish, and knows who is connected because the test says
/// so.
final class RecordingBroker: ServicePublisher, ConnectivityDirectory {
    struct Told: Sendable, Equatable {
        let topic: String
        let json: JSONValue
    }

    private let messages = Mutex<[Told]>([])
    private let clients = Mutex<[String: Connectivity]>([:])

    var told: [Told] { messages.withLock { $0 } }
    var topics: [String] { told.map(\.topic) }
    func forget() { messages.withLock { $0 = [] } }

    func set(_ connectivity: Connectivity, of clientID: String) { clients.withLock { $0[clientID] = connectivity } }

    func publish(_ new: [ServiceMessage], lane: String, in account: AccountID) async -> Bool {
        messages.withLock { messages in
            messages += new.map {
                Told(topic: $0.topic, json: (try? JSONParser.parse(Array(buffer: $0.payload))) ?? .null)
            }
        }
        return true
    }

    func connectivity(of clientID: String, in account: AccountID) async -> Connectivity? {
        clients.withLock { $0[clientID] }
    }
}
