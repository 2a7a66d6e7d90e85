/// What a client knows of its session, from the CONNACK that began it until something is sent that ends it.
final class SessionModel {
    struct Held {
        let qos: UInt8
        /// When its SUBACK came.
        let since: Int
    }

    /// Confirmed and not given up, by filter.
    var subscriptions: [String: Held] = [:]
    /// All that was ever asked for: what may come.
    var asked: [String: UInt8] = [:]
    /// Acknowledged messages that must come.
    var due: [SentMessage] = []
    /// Those that have come, with the number of the connection on which they came last.
    var seen: [String: Int] = [:]
    /// The number of the last message that came for the first time, by what is in order.
    var last: [OrderKey: Int] = [:]

    /// Messages that are in order: of one publisher, on one topic, sent and received at the same QoS.
    struct OrderKey: Hashable {
        let publisher: String
        let topic: String
        let sent: UInt8
        let received: UInt8
        /// What comes at QoS 0 is in order on one connection; what was lost with another may come again.
        let connection: Int
    }
}
