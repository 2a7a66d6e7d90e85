/// One message that a client has published, and what is known of it.
final class SentMessage {
    /// Its payload, unlike any other: `publisher:number`, or nothing where it clears a retained message.
    let text: String
    let topic: String
    let publisher: String
    /// Rises with every message of its publisher.
    let number: Int
    let qos: UInt8
    let isRetained: Bool
    let clears: Bool
    /// When its PUBLISH was sent first, and last.
    let firstSent: Int
    var lastSent: Int
    var timesSent = 1
    /// When the server had taken it over, or its client gave it up.
    var endedAt: Int?
    /// PUBACK or PUBREC has come, and was a success: the server must not lose it any more.
    var isAcknowledged = false

    /// As it stands in a trace.
    var name: String { "\(publisher):\(number)" }

    init(
        text: String, topic: String, publisher: String, number: Int, qos: UInt8, isRetained: Bool, clears: Bool, at now: Int
    ) {
        self.text = text
        self.topic = topic
        self.publisher = publisher
        self.number = number
        self.qos = qos
        self.isRetained = isRetained
        self.clears = clears
        firstSent = now
        lastSent = now
    }
}
