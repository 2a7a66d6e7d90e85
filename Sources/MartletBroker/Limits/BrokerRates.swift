/// The rates of the broker, each so many a second; nil means none (mqtt-broker.md section 16).
package struct BrokerRates: Hashable, Sendable {
    /// `connect.ratePerAccount`
    package var connects: Int?
    /// `connect.ratePerClientId`
    package var connectsPerClient: Int?
    /// `publish.ratePerConnection`: both directions.
    package var publishesPerConnection: Int?
    /// `publish.bytesPerSecond`: of one connection, from the client.
    package var publishBytesPerConnection: Int?
    /// `publish.inRate`: of an account.
    package var publishesIn: Int?
    /// `publish.outRate`: of an account.
    package var publishesOut: Int?
    /// `retain.ratePerAccount`
    package var retained: Int?
    /// `retain.ratePerTopic`
    package var retainedPerTopic: Int?
    /// `sub.ratePerAccount`
    package var subscribes: Int?
    /// `session.queueRate`: messages stored for clients that are away, of an account.
    package var queued: Int?
    /// `session.replayRate`: stored messages that a session gets when its client is back.
    package var replayed: Int?
    /// `share.opsRate`: SUBSCRIBE and UNSUBSCRIBE of one group.
    package var shareOperations: Int?
    /// `share.drainRate`: messages of a group's queue, for each member that is connected.
    package var drainedPerMember: Int?

    package init() {}
}
