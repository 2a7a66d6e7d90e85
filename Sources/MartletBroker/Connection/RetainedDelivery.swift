import NIOCore

/// The retained messages that one new subscription gets, as far as they have not been sent.
struct RetainedDelivery {
    let filter: ByteBuffer
    let options: SubscriptionOptions
    let subscriptionID: UInt32
    private let messages: [RetainedMessage]
    private var next = 0

    init(filter: ByteBuffer, options: SubscriptionOptions, subscriptionID: UInt32, messages: [RetainedMessage]) {
        self.filter = filter
        self.options = options
        self.subscriptionID = subscriptionID
        self.messages = messages
    }

    var remaining: Int { messages.count - next }

    mutating func takeNext() -> RetainedMessage? {
        guard next < messages.count else { return nil }
        defer { next += 1 }
        return messages[next]
    }
}
