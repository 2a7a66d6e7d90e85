import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// Messages that come in by another way than a connection.
extension BrokerShard {
    /// - Parameter done: called with nil when the message is published and, at QoS 1, on disk where it has to be.
    func publish(
        _ message: InsideMessage, _ account: AccountContext, _ done: @escaping @Sendable (PublishRefusal?) -> Void
    ) {
        let topic = ByteBuffer(string: message.topic)
        if storeCondition != .working, message.qos > 0, message.retain || isKept(topic, account),
            let failure = refusalToKeep()
        {
            return done(.storeFailed(failure))
        }
        let limit = publish(
            topic: topic, payload: message.payload, properties: message.properties, qos: message.qos,
            retain: message.retain, account: account, mustRetain: true)
        if let limit { return done(.limit(limit)) }
        counters.publishInHTTP += 1
        counters.publishInHTTPBytes += message.payload.readableBytes
        handToService(message, topic, account)
        guard message.qos > 0 else { return done(nil) }
        afterDurable(.call { isDurable in done(isDurable ? nil : .storeFailed(nil)) })
    }

    /// A request to a service is its service's too, as from a client; there is no client id.
    private func handToService(_ message: InsideMessage, _ topic: ByteBuffer, _ account: AccountContext) {
        guard let mailbox = shadowService, topic.readableBytesView.first == UInt8(ascii: "$"),
            topic.withUnsafeReadableBytes({ ReservedTopics.isServiceRequest($0) })
        else { return }
        mailbox.receive(
            ServiceRequest(
                realm: account.realm, clientID: "", topic: message.topic, payload: message.payload, qos: message.qos))
    }

    /// Whether a kept session or a group of sharers would get the message from its queue.
    private func isKept(_ topic: ByteBuffer, _ account: AccountContext) -> Bool {
        topic.withUnsafeReadableBytes { bytes in
            asReader(of: account) {
                findTargets(bytes, account)
                return targets.contains(where: \.isQueue)
            }
        }
    }
}
