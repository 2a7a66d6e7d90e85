/// What a record of the message store is about. The numbers are on disk: a number keeps its meaning for ever. The store
/// does not read the bodies; `MartletBroker/Stored` writes and reads them.
package enum RecordKind: UInt8, Sendable, CaseIterable {
    /// A client id: its presence, its session and its will.
    case client = 1
    /// One subscription of a session that is kept.
    case subscription = 2
    /// The retained message of one topic.
    case retained = 3
    /// One step of a QoS 2 exchange between a kept session and its client.
    case exchange = 4
    /// The queue of a shared group.
    case shareQueue = 5
}
