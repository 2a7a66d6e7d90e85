package import MartletBroker

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
    package let storeBytes: Int?
    package let shadowsInflight: Int
    package let shadowRatePerThing: Int?
    package let connectionCallsPerClientID: Int?
    package let connectionCallsPerAccount: Int?
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
    /// Of connections that no certificate has let in.
    package let webSocketLifetimeSeconds: Int?
    package let rates: BrokerRates
    package let abuse: AbuseBudgets
    package let subscriptionsPerAccount: Int?
    package let shareGroups: Int?
    package let shareMembers: Int?
    package let minClientPacketBytes: Int?
    package let contentTypeBytes: Int?
    package let correlationDataBytes: Int?
    package let userPropertyBytes: Int?
    package let messageExpiryMaxSeconds: Int?
    /// Nil: half of the machine's memory.
    package let memoryBytes: Int?

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
        storeBytes = values.integerOrNone("store.maxBytes")
        shadowsInflight = values.integer("shadow.inflight")
        connectionCallsPerClientID = values.integerOrNone("api.conn.ratePerClientId")
        connectionCallsPerAccount = values.integerOrNone("api.conn.ratePerAccount")
        shadowRatePerThing = values.integerOrNone("shadow.ratePerThing")
        retainedMessages = values.integer("retain.stored")
        retainedBytes = values.integer("retain.bytes")
        connections = values.integerOrNone("connect.max")
        connectTimeoutSeconds = values.integer("connect.timeoutSeconds")
        passwordsWaiting = values.integer("passwords.waiting")
        tlsHandshakeTimeoutSeconds = values.integer("tls.handshakeTimeoutSeconds")
        httpRequestTimeoutSeconds = values.integer("http.requestTimeoutSeconds")
        httpHeaderBytes = values.integer("http.headerBytes")
        httpBodyBytes = values.integer("http.bodyBytes")
        webSocketLifetimeSeconds = values.integerOrNone("wss.ttl")
        rates = BrokerRates(values)
        abuse = AbuseBudgets(values)
        subscriptionsPerAccount = values.integerOrNone("sub.perAccount")
        shareGroups = values.integerOrNone("share.groups")
        shareMembers = values.integerOrNone("share.members")
        minClientPacketBytes = values.integerOrNone("mqtt.minClientPacket")
        contentTypeBytes = values.integerOrNone("mqtt5.contentTypeBytes")
        correlationDataBytes = values.integerOrNone("mqtt5.correlationDataBytes")
        userPropertyBytes = values.integerOrNone("mqtt5.userPropertyBytes")
        messageExpiryMaxSeconds = values.integerOrNone("mqtt5.messageExpiryMax")
        memoryBytes = values.integerOrNone("memory.maxBytes")
    }
}

extension BrokerRates {
    fileprivate init(_ values: ResolvedConfiguration) {
        self.init()
        connects = values.integerOrNone("connect.ratePerAccount")
        connectsPerClient = values.integerOrNone("connect.ratePerClientId")
        publishesPerConnection = values.integerOrNone("publish.ratePerConnection")
        publishBytesPerConnection = values.integerOrNone("publish.bytesPerSecond")
        publishesIn = values.integerOrNone("publish.inRate")
        publishesOut = values.integerOrNone("publish.outRate")
        retained = values.integerOrNone("retain.ratePerAccount")
        retainedPerTopic = values.integerOrNone("retain.ratePerTopic")
        subscribes = values.integerOrNone("sub.ratePerAccount")
        queued = values.integerOrNone("session.queueRate")
        replayed = values.integerOrNone("session.replayRate")
        shareOperations = values.integerOrNone("share.opsRate")
        drainedPerMember = values.integerOrNone("share.drainRate")
    }
}

extension AbuseBudgets {
    fileprivate init(_ values: ResolvedConfiguration) {
        self.init()
        malformedPackets = values.integerOrNone("abuse.malformedPackets")
        failedAuthentications = values.integerOrNone("abuse.failedAuthentications")
        connects = values.integerOrNone("abuse.connects")
        banSeconds = values.integer("abuse.banSeconds")
        addresses = values.integer("abuse.addresses")
        countsLoopback = values.flag("abuse.countLoopback")
    }
}
