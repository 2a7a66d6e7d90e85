import MartletBase
import NIOCore

/// One event of `$aws/events/presence` or `$aws/events/subscriptions` (lifecycle-events.md sections 2 and 3).
struct LifecycleEvent: Sendable {
    enum Kind: Sendable {
        case connected(versionNumber: UInt64, address: String)
        case disconnected(versionNumber: UInt64, reason: DisconnectReason)
        case connectFailed(address: String)
        case subscribed([String])
        case unsubscribed([String])
    }

    let kind: Kind
    let clientID: String
    /// Only where the certificate belongs to this thing alone.
    let thingName: String?
    let sessionIdentifier: SessionIdentifier
    let principalIdentifier: String
    let at: WallInstant

    /// Ids with wildcards have no events: their topics would be filters.
    static func isTold(of clientID: String) -> Bool {
        !clientID.utf8.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }

    private var family: String {
        switch kind {
        case .connected, .disconnected, .connectFailed: "presence"
        case .subscribed, .unsubscribed: "subscriptions"
        }
    }

    private var eventType: String {
        switch kind {
        case .connected: "connected"
        case .disconnected: "disconnected"
        case .connectFailed: "connect_failed"
        case .subscribed: "subscribed"
        case .unsubscribed: "unsubscribed"
        }
    }

    var topic: String { "$aws/events/\(family)/\(eventType)/\(clientID)" }

    var payload: ByteBuffer {
        var event: JSONObject = [:]
        event["clientId"] = .string(clientID)
        if let thingName { event["thingName"] = .string(thingName) }
        event["timestamp"] = .int(at.millisecondsSinceEpoch)
        event["eventType"] = .string(eventType)
        if case .connectFailed = kind { event["connectFailureReason"] = "AUTHORIZATION_FAILED" }
        event["sessionIdentifier"] = .string(sessionIdentifier.text)
        event["principalIdentifier"] = .string(principalIdentifier)
        addDetails(to: &event)
        return ByteBuffer(bytes: JSONWriter.bytes(.object(event)))
    }

    private func addDetails(to event: inout JSONObject) {
        switch kind {
        case .connected(let version, let address):
            event["ipAddress"] = .string(address)
            event["versionNumber"] = .int(version)
        case .disconnected(let version, let reason):
            event["clientInitiatedDisconnect"] = .bool(reason == .clientInitiatedDisconnect)
            event["disconnectReason"] = .string(reason.rawValue)
            event["versionNumber"] = .int(version)
        case .connectFailed(let address):
            event["ipAddress"] = .string(address)
        case .subscribed(let filters), .unsubscribed(let filters):
            event["topics"] = .array(filters.map { .string($0) })
        }
    }
}
