package import MartletBase

/// What is known of a client id's coming and going (lifecycle-events.md section 2).
struct Presence: Hashable, Sendable {
    /// Of the latest accepted CONNECT; the first has 0. Connected and disconnected of one connection share it.
    var versionNumber: UInt64 = 0
    /// Of the next accepted CONNECT.
    var nextVersionNumber: UInt64 = 0
    var connectedAt: WallInstant?
    /// nil while it is connected.
    var disconnectedAt: WallInstant?
    var disconnectReason: DisconnectReason?

    /// After this long without a connection and a kept session the version number starts again, and an id that is no
    /// thing is forgotten.
    static let resetSeconds: Int64 = 3600

    var isReset: Bool { nextVersionNumber == 0 }

    mutating func connect(at now: WallInstant) {
        versionNumber = nextVersionNumber
        nextVersionNumber += 1
        connectedAt = now
        disconnectedAt = nil
        disconnectReason = nil
    }

    mutating func disconnect(at now: WallInstant, _ reason: DisconnectReason) {
        disconnectedAt = now
        disconnectReason = reason
    }

    mutating func reset() { nextVersionNumber = 0 }
}

/// Whether a client is connected, since when, and how it left: what GetThingConnectivityData tells.
package struct ClientConnectivity: Hashable, Sendable {
    package let isConnected: Bool
    /// When it connected, or when it left.
    package let since: WallInstant
    package let disconnectReason: DisconnectReason?

    init?(_ presence: Presence) {
        guard let time = presence.disconnectedAt ?? presence.connectedAt else { return nil }
        isConnected = presence.disconnectedAt == nil
        since = time
        disconnectReason = presence.disconnectReason
    }
}
