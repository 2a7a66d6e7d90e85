package import MartletBase

/// Who is connected. The broker knows.
package protocol ConnectivityDirectory: Sendable {
    /// nil when nothing is known of the client id.
    func connectivity(of clientID: String, in account: AccountID) async -> Connectivity?
}

/// Whether a client is connected, and what its last coming or going was.
package struct Connectivity: Hashable, Sendable {
    package let isConnected: Bool
    /// When it connected, or when it left.
    package let since: WallInstant
    /// As lifecycle events spell it; nil while it is connected.
    package let disconnectReason: String?

    package init(isConnected: Bool, since: WallInstant, disconnectReason: String?) {
        self.isConnected = isConnected
        self.since = since
        self.disconnectReason = disconnectReason
    }
}
