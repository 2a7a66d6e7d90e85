import NIOCore

/// The retained messages that one new subscription gets, as far as they have not been sent.
struct RetainedDelivery {
    let filter: ByteBuffer
    let options: SubscriptionOptions
    private let messages: [RetainedMessage]
    private var next = 0

    init(filter: ByteBuffer, options: SubscriptionOptions, messages: [RetainedMessage]) {
        self.filter = filter
        self.options = options
        self.messages = messages
    }

    var remaining: Int { messages.count - next }

    mutating func takeNext() -> RetainedMessage? {
        guard next < messages.count else { return nil }
        defer { next += 1 }
        return messages[next]
    }
}
