/// The outcome of an update or a delete that was accepted: what to store, then what to answer and to publish.
package struct ShadowChange: Hashable, Sendable {
    package let record: ShadowRecord
    /// The answer over HTTP, and the payload of the accepted topic.
    package let accepted: [UInt8]

    /// What is published, in this order: accepted, delta if there is one, documents; for a delete accepted alone.
    package func messages() -> [ShadowMessage] {
        switch record {
        case .updated: [ShadowMessage(.updateAccepted, payload: accepted)] + record.repairMessages()
        case .deleted: [ShadowMessage(.deleteAccepted, payload: accepted)]
        }
    }
}
