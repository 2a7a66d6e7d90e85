/// The numbers that bound what clients can make grow (architecture.md "Limits"). Nil means no limit.
package struct ServerLimits: Hashable, Sendable {
    package let keepAliveMinSeconds: Int?
    package let keepAliveMaxSeconds: Int?
    package let clientIDBytes: Int
    package let topicBytes: Int
    package let topicSlashes: Int?
    /// After CONNACK; before it a packet may never be larger than 1 MiB.
    package let packetBytes: Int
    package let payloadBytes: Int
    package let inflightIn: Int
    package let inflightOut: Int
    package let topicAliasMax: Int
    package let filtersPerSubscribe: Int?
    package let subscriptionsPerConnection: Int?
    package let sessions: Int
    package let sessionExpiryMaxSeconds: Int?
    package let sessionExpiryV3Seconds: Int
    package let sessionQueueMessages: Int
    package let sessionQueueBytes: Int
    package let connectionOutboundBytes: Int
    package let shadowsInflight: Int
    package let retainedMessages: Int
    package let retainedBytes: Int
    /// Nil: the file-descriptor limit less 256.
    package let connections: Int?
    package let connectTimeoutSeconds: Int
    package let passwordsWaiting: Int
    package let tlsHandshakeTimeoutSeconds: Int
    package let httpRequestTimeoutSeconds: Int
    package let httpHeaderBytes: Int
    package let httpBodyBytes: Int

    init(_ values: ResolvedConfiguration) {
        keepAliveMinSeconds = values.integerOrNone("mqtt.keepAlive.min")
        keepAliveMaxSeconds = values.integerOrNone("mqtt.keepAlive.max")
        clientIDBytes = values.integer("mqtt.clientIdBytes")
        topicBytes = values.integer("mqtt.topicBytes")
        topicSlashes = values.integerOrNone("mqtt.topicSlashes")
        packetBytes = values.integer("mqtt.packetMax")
        payloadBytes = values.integer("mqtt.payloadMax")
        inflightIn = values.integer("mqtt.inflightIn")
        inflightOut = values.integer("mqtt.inflightOut")
        topicAliasMax = values.integer("mqtt5.topicAliasMax")
        filtersPerSubscribe = values.integerOrNone("sub.filtersPerSubscribe")
        subscriptionsPerConnection = values.integerOrNone("sub.perConnection")
        sessions = values.integer("session.max")
        sessionExpiryMaxSeconds = values.integerOrNone("session.expiryMax")
        sessionExpiryV3Seconds = values.integer("session.expiryV3Seconds")
        sessionQueueMessages = values.integer("session.queue.maxMessages")
        sessionQueueBytes = values.integer("session.queue.maxBytes")
        connectionOutboundBytes = values.integer("connection.outboundBytes")
        shadowsInflight = values.integer("shadow.inflight")
        retainedMessages = values.integer("retain.stored")
        retainedBytes = values.integer("retain.bytes")
        connections = values.integerOrNone("connect.max")
        connectTimeoutSeconds = values.integer("connect.timeoutSeconds")
        passwordsWaiting = values.integer("passwords.waiting")
        tlsHandshakeTimeoutSeconds = values.integer("tls.handshakeTimeoutSeconds")
        httpRequestTimeoutSeconds = values.integer("http.requestTimeoutSeconds")
        httpHeaderBytes = values.integer("http.headerBytes")
        httpBodyBytes = values.integer("http.bodyBytes")
    }
}
