package import MartletBase
package import NIOCore

/// What a service has to say on a topic. Goes through the subscription index like any message; never retained.
package struct ServiceMessage: Sendable {
    package let topic: String
    package let payload: ByteBuffer
    /// At most 1: services publish at QoS 1, so that sessions that are kept get what they missed.
    package let qos: UInt8

    package init(topic: String, payload: ByteBuffer, qos: UInt8 = 1) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
    }
}

/// The way of services to subscribers.
package protocol ServicePublisher: Sendable {
    /// Publishes in this order, also against other calls with the same `lane`, when one returns before the next begins.
    /// Returns when every message is delivered to those who are connected and is on disk for those whose sessions are
    /// kept.
    ///
    /// - Parameter lane: messages about one thing have one lane, for instance the thing's name.
    /// - Returns: false when the message store has failed: what had to be on disk is not.
    func publish(_ messages: [ServiceMessage], lane: String, in account: AccountID) async -> Bool
}
