import MQTTCodec

/// The named limits of the broker (architecture.md "Limits"); nil means none.
package struct BrokerLimits: Sendable {
    package var clientIDBytes = 65_535
    package var topicBytes = 65_535
    package var topicSlashes: Int?
    /// Largest packet that a client may send once it is connected.
    package var packetBytes = 268_435_455
    /// Largest packet that is read from a connection before its CONNACK.
    package var packetBytesBeforeConnAck = 1 << 20
    package var payloadBytes = 268_435_455
    package var inflightIn = 1000
    package var inflightOut = 1000
    package var topicAliases = 64
    package var keepAliveMinSeconds: Int?
    package var keepAliveMaxSeconds: Int?
    package var filtersPerSubscribe: Int?
    package var subscriptionsPerConnection: Int?
    package var sessions = 1_000_000
    /// Client ids whose presence one loop remembers; those that keep nothing are forgotten first.
    package var clientsRemembered = 2_000_000
    /// Longest time that a v5 session is kept; nil: as asked.
    package var sessionExpiryMaxSeconds: UInt32?
    /// How long a 3.1.1 session with cleanSession 0 is kept.
    package var sessionExpiryV3Seconds: UInt32 = 604_800
    /// Messages of QoS 1 that wait for one client, in memory or in the store.
    package var queuedMessages = 100_000
    package var queuedBytes = 256 << 20
    /// Bytes that wait for one client's socket; beyond it QoS 0 is dropped and QoS 1 waits in the queue.
    package var outboundBytes = 8 << 20
    package var retainedMessages = 1_000_000
    package var retainedBytes = 1 << 30
    package var connections = 65_536
    /// Topics whose decisions and targets one connection remembers.
    package var cachedTopicsPerConnection = 256
    /// Seconds from accept to a whole CONNECT.
    package var connectTimeoutSeconds = 30
    package var rates = BrokerRates()
    package var subscriptionsPerAccount: Int?
    package var shareGroups: Int?
    package var shareMembers: Int?
    /// A v5 client that takes only smaller packets than this is refused.
    package var minClientPacketBytes: Int?
    package var contentTypeBytes: Int?
    package var correlationDataBytes: Int?
    /// Keys and values of one message together.
    package var userPropertyBytes: Int?
    /// A longer Message Expiry Interval is lowered to this, and one of 0 raised to 1.
    package var messageExpiryMaxSeconds: UInt32?
    /// Resident memory of the process; above it publishers wait and CONNECT is refused.
    package var memoryBytes: Int?

    package init() {}

    /// The keep-alive that a client is held to; 0 is none (mqtt-broker.md section 5).
    package func keepAlive(asked: Int) -> Int {
        if let maximum = keepAliveMaxSeconds, asked == 0 || asked > maximum { return maximum }
        if let minimum = keepAliveMinSeconds, asked > 0, asked < minimum { return minimum }
        return asked
    }

    /// The limit that a topic name or filter exceeds.
    func topicLimit(_ topic: UnsafeRawBufferPointer, _ name: String) -> LimitExceeded? {
        if topic.count > topicBytes {
            return LimitExceeded(name, limit: topicBytes, asked: topic.count, reasonCode: .topicNameInvalid)
        }
        guard let topicSlashes else { return nil }
        let slashes = topic.count { $0 == UInt8(ascii: "/") }
        guard slashes > topicSlashes else { return nil }
        return LimitExceeded("mqtt.topicSlashes", limit: topicSlashes, asked: slashes, reasonCode: .topicNameInvalid)
    }

    /// Seconds that a session is kept after its connection (mqtt-broker.md section 7).
    package func sessionExpiry(version5Asked asked: UInt32?) -> UInt32 {
        min(asked ?? 0, sessionExpiryMaxSeconds ?? .max)
    }
}
