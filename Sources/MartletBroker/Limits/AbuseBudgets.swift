/// What one source address may do in a minute before it is shut out for a while (architecture.md "Limits"); nil means
/// that it is not counted.
package struct AbuseBudgets: Hashable, Sendable {
    /// Packets that are none, or that MQTT does not allow.
    package var malformedPackets: Int?
    /// Certificates and passwords that were refused.
    package var failedAuthentications: Int?
    /// MQTT connections.
    package var connects: Int?
    /// How long an address is shut out.
    package var banSeconds = 60
    /// Loopback addresses count too; otherwise they are never counted and never shut out.
    package var countsLoopback = false
    /// Addresses that are remembered; beyond, the one that was noticed first is forgotten.
    package var addresses = 100_000

    package init() {}

    package var isOff: Bool { malformedPackets == nil && failedAuthentications == nil && connects == nil }
}

/// What is counted against an address.
package enum AbuseKind: String, CaseIterable, Sendable {
    case malformedPackets, failedAuthentications, connects
}
