/// The retained messages that one new subscription gets, as far as they have not been sent.
struct RetainedDelivery {
    let options: SubscriptionOptions
    let messages: [RetainedMessage]
    private var next = 0

    init(options: SubscriptionOptions, messages: [RetainedMessage]) {
        self.options = options
        self.messages = messages
    }

    mutating func takeNext() -> RetainedMessage? {
        guard next < messages.count else { return nil }
        defer { next += 1 }
        return messages[next]
    }
}
