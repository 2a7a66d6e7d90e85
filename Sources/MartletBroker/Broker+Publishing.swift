import MQTTCodec
package import MartletBase
import NIOCore

// MARK: Messages from outside connections

extension Broker {
    /// Whether the message could be published at all: its topic is a name that clients may publish to, and it is within
    /// the limits. Policies are the caller's business.
    package func check(_ message: InsideMessage) throws(PublishRefusal) {
        if message.payload.readableBytes > limits.payloadBytes {
            throw .limit(
                LimitExceeded(
                    "mqtt.payloadMax", limit: limits.payloadBytes, asked: message.payload.readableBytes,
                    reasonCode: .packetTooLarge))
        }
        let topic = ByteBuffer(string: message.topic)
        if let refusal = topic.withUnsafeReadableBytes({ refusePublish(to: $0) }) { throw refusal }
    }

    private func refusePublish(to topic: UnsafeRawBufferPointer) -> PublishRefusal? {
        do throws(MalformedPacket) {
            try TopicName.validate(topic)
        } catch {
            return .topicInvalid("\(error)")
        }
        if let limit = limits.topicLimit(topic, "mqtt.topicBytes") { return .limit(limit) }
        guard topic.first == UInt8(ascii: "$"), let refusal = ReservedTopics.refusePublish(topic, behaviour.profile) else { return nil }
        return .reserved(refusal)
    }

    /// Publishes a message that has passed `check`. Messages of one topic go through one loop, so that those of one
    /// caller stay in order. Returns when the message is handed over; at QoS 1 when it is on disk wherever it has to
    /// be: in the queues of kept sessions, and as the topic's retained message.
    package func publish(_ message: InsideMessage, in account: AccountID) async throws(PublishRefusal) {
        let context = self.account(account)
        let loop = homeLoop(of: ClientKey(account: account, clientID: message.topic))
        let refusal: PublishRefusal? = await withCheckedContinuation { continuation in
            mailboxes[Int(loop)].post(.run { $0.publish(message, context) { continuation.resume(returning: $0) } })
        }
        if let refusal { throw refusal }
    }
}

// MARK: Retained messages

extension Broker {
    /// The topic's retained message; nil when there is none or its time is over.
    package func retainedMessage(of topic: String, in account: AccountID) -> RetainedMessage? {
        guard let context = knownAccount(account) else { return nil }
        return ByteBuffer(string: topic).withUnsafeReadableBytes { context.retained.message(of: $0, at: clock.now()) }
    }

    /// Retained messages in topic order, level by level, from the first behind `cursor` on.
    package func retainedMessages(after cursor: String?, limit: Int, in account: AccountID) -> RetainedPage {
        guard let context = knownAccount(account) else { return RetainedPage(messages: [], cursor: nil) }
        return context.retained.page(after: cursor.map(ByteBuffer.init(string:)), limit: limit, at: clock.now())
    }
}

/// A part of the list of retained messages.
package struct RetainedPage: Sendable {
    package let messages: [RetainedMessage]
    /// The last topic that was looked at; nil at the end of the list.
    package let cursor: String?

    package init(messages: [RetainedMessage], cursor: String?) {
        self.messages = messages
        self.cursor = cursor
    }
}
