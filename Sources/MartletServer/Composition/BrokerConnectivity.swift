import MartletBase
import MartletBroker
import MartletServices

/// Answers the services' question who is connected, from the broker.
struct BrokerConnectivity: ConnectivityDirectory {
    let broker: Broker

    func connectivity(of clientID: String, in account: AccountID) async -> Connectivity? {
        await broker.connectivity(of: clientID, in: account).map {
            Connectivity(
                isConnected: $0.isConnected, since: $0.since, disconnectReason: $0.disconnectReason?.rawValue)
        }
    }
}
