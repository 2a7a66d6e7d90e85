/// Every key that this server honours. The manual, the flags, the variables, the checks and the defaults all come
/// from this table.
package enum ConfigurationKeys {
    package static let all: [ConfigurationKey] =
        server + listeners + behaviour + mqttLimits + sessionLimits + edges + RateKeys.all + AbuseKeys.all

    static let server: [ConfigurationKey] = [
        .init("config", .text, .computed("no file"), "the configuration file (YAML); not a key of the file itself"),
        .init(
            "profile", .choice(["dev", "production"]), .value("dev"),
            "dev accepts any AWS credentials and opens the plain port; production does neither"),
        .init("account", .account, .value("000000000000"), "the AWS account that owns everything, 12 digits"),
        .init("region", .text, .value("us-east-1"), "the one AWS region that this server is"),
        .init("dataDir", .text, .value(defaultDataDirectory), "where everything that must last is kept"),
        .init("endpoint.host", .text, .value("localhost"), "the host name that DescribeEndpoint answers"),
        .init("log.level", .choice(logLevels), .value("info"), "the least important log lines that are written"),
        .init("eventLoops", .integer(1...1024), .computed("number of cores"), "event loops that share the connections"),
    ]

    static let listeners: [ConfigurationKey] = [
        .init("bind", .ipAddress, .value("127.0.0.1"), "the address that every listener binds"),
        .init("allowRemoteDev", .flag, .value("false"), "lets profile dev bind another address than 127.0.0.1"),
        .init("api.port", port, .value("8800"), "AWS API, /metrics, /livez, /readyz; 0 takes a free port"),
        .init("mqtt.port", port, .value("1883"), "MQTT without TLS; 0 takes a free port"),
        .init("mqtt.plain.enabled", .flag, .byProfile(dev: "true", production: "false"), "opens mqtt.port"),
        .init("mqtts.port", port, .value("8883"), "MQTT over mutual TLS; 0 takes a free port"),
        .init("https.port", port, .value("8443"), "the AWS port 443: MQTT by ALPN, HTTPS, WSS; 0 takes a free port"),
        .init(
            "proxyProtocol.listeners", .names(["api", "mqtt", "mqtts", "https"]), .value("none"),
            "listeners behind a load balancer: each connection must begin with a PROXY protocol header (version 1 or 2)"),
        .init(
            "proxyProtocol.trustedAddresses", .addressBlocks, .value("any"),
            "from where such a header is believed; other connections to these listeners are closed"),
    ]

    static let behaviour: [ConfigurationKey] = [
        .init(
            "mqtt.profile", .choice(["oasis", "aws"]), .value("oasis"),
            "oasis: all of MQTT; aws: what AWS refuses is refused too"),
        .init(
            "limits.profile", .choice(["generous", "aws"]), .byMQTTProfile(oasis: "generous", aws: "aws"),
            "which defaults the limits take"),
        .init(
            "mqtt5.responseInformation", .text, .computed("none"),
            "what CONNACK tells a v5 client that asks for Response Information: where it may expect responses"),
        .init(
            "authorization.anonymous", .choice(["allow", "deny"]), .byProfile(dev: "allow", production: "deny"),
            "what a client without any identity may do"),
        .init(
            "passwords.file", .text, .computed("passwords in dataDir, if it is there"),
            "users with passwords and policies, written by martlet passwd; a changed file is taken up within seconds"),
        .init(
            "authorization.v3.connect", .choice(["connack5", "close"]), .value("connack5"),
            "how a denied MQTT 3.1.1 CONNECT ends: CONNACK 5 and close, or close alone as AWS does"),
        .init(
            "authorization.v3.subscribe", .choice(["close", "suback80"]), .value("close"),
            "how a denied MQTT 3.1.1 SUBSCRIBE ends: close as AWS does, or SUBACK 0x80"),
        .init(
            "sys.intervalSeconds", .integer(0...3_600), unit: "s", .value("10"),
            "how often the numbers of $SYS are told; 0: there is no $SYS, as always under mqtt.profile aws"),
        .init(
            "durability", .choice(["full", "relaxed"]), .value("full"),
            "full: what is acknowledged is on disk; relaxed: a loss of power may cost store.syncMilliseconds of messages"),
        .init(
            "store.syncMilliseconds", .integer(1...60_000), unit: "ms", .value("1000"),
            "durability relaxed: how often what was acknowledged is synced"),
        .init(
            "store.maxBytes", .integer(67_108_864...1_125_899_906_842_624, orNone: true), unit: "bytes", .value("none"),
            "what the log of messages and sessions may take; beyond, what must be kept is refused: 0x97 or 503"),
    ]

    static let mqttLimits: [ConfigurationKey] = [
        .init(
            "mqtt.keepAlive.min", .integer(1...65_535, orNone: true), unit: "s", .byLimits(generous: "none", aws: "30"),
            "a shorter keep-alive is raised to this"),
        .init(
            "mqtt.keepAlive.max", .integer(1...65_535, orNone: true), unit: "s",
            .byLimits(generous: "none", aws: "1200"), "a longer keep-alive, or none, is lowered to this"),
        .init(
            "mqtt.clientIdBytes", .integer(1...65_535), unit: "bytes", .byLimits(generous: "65535", aws: "128"),
            "longest client id"),
        .init(
            "mqtt.topicBytes", .integer(1...65_535), unit: "bytes", .byLimits(generous: "65535", aws: "256"),
            "longest topic name or filter"),
        .init(
            "mqtt.topicSlashes", .integer(0...65_535, orNone: true), .byLimits(generous: "none", aws: "7"),
            "most slashes in a topic name or filter"),
        .init(
            "mqtt.packetMax", .integer(1_024...268_435_455), unit: "bytes",
            .byLimits(generous: "268435455", aws: "149504"), "largest packet; before CONNACK never above 1 MiB"),
        .init(
            "mqtt.payloadMax", .integer(0...268_435_455), unit: "bytes",
            .byLimits(generous: "268435455", aws: "131072"), "largest payload of a message"),
        .init(
            "mqtt.inflightIn", .integer(1...65_535), .byLimits(generous: "1000", aws: "100"),
            "unacknowledged messages from a client (Receive Maximum)"),
        .init(
            "mqtt.inflightOut", .integer(1...65_535), .byLimits(generous: "1000", aws: "100"),
            "unacknowledged messages to a client"),
        .init(
            "mqtt5.topicAliasMax", .integer(0...65_535), .byLimits(generous: "64", aws: "8"),
            "topic aliases per connection (0x94 beyond)"),
        .init(
            "sub.filtersPerSubscribe", .integer(1...65_535, orNone: true), .byLimits(generous: "none", aws: "8"),
            "filters in one SUBSCRIBE"),
        .init(
            "sub.perConnection", .integer(1...1_000_000, orNone: true), .byLimits(generous: "none", aws: "50"),
            "subscriptions of one client"),
        .init(
            "sub.perAccount", .integer(1...100_000_000, orNone: true), .byLimits(generous: "none", aws: "500000"),
            "subscriptions of an account; beyond: 0x97 or 0x80"),
        .init(
            "share.groups", .integer(1...1_000_000, orNone: true), .byLimits(generous: "none", aws: "100"),
            "shared groups of an account; beyond: 0x97 or 0x80"),
        .init(
            "share.members", .integer(1...1_000_000, orNone: true), .byLimits(generous: "none", aws: "100"),
            "members of one shared group; beyond: 0x97 or 0x80"),
        .init(
            "mqtt.minClientPacket", .integer(1...268_435_455, orNone: true), unit: "bytes",
            .byLimits(generous: "none", aws: "512"), "a v5 client that takes only smaller packets is refused: 0x97"),
        .init(
            "mqtt5.contentTypeBytes", .integer(1...65_535, orNone: true), unit: "bytes",
            .byLimits(generous: "none", aws: "256"), "Content Type of a message; beyond: 0x97"),
        .init(
            "mqtt5.correlationDataBytes", .integer(1...65_535, orNone: true), unit: "bytes",
            .byLimits(generous: "none", aws: "8192"), "Correlation Data of a message; beyond: 0x97"),
        .init(
            "mqtt5.userPropertyBytes", .integer(1...268_435_455, orNone: true), unit: "bytes",
            .byLimits(generous: "none", aws: "8192"), "keys and values of a message's User Properties; beyond: 0x97"),
        .init(
            "mqtt5.messageExpiryMax", .integer(1...4_294_967_294, orNone: true), unit: "s",
            .byLimits(generous: "none", aws: "604800"),
            "a longer Message Expiry Interval is lowered to this, and 0 raised to 1"),
    ]

    static let sessionLimits: [ConfigurationKey] = [
        .init("session.max", count, .value("1000000"), "sessions; beyond, CONNECT is refused: 0x97 or 0x03"),
        .init(
            "session.expiryMax", expiry(orNone: true), unit: "s", .byLimits(generous: "none", aws: "3600"),
            "longest time that a v5 session is kept; what asks for more gets this much, and CONNACK says so"),
        .init(
            "session.expiryV3Seconds", expiry(orNone: false), unit: "s", .byLimits(generous: "604800", aws: "3600"),
            "how long a 3.1.1 session with cleanSession 0 is kept after its connection"),
        .init(
            "session.queue.maxMessages", count, .value("100000"),
            "messages that wait for one session; beyond, the newest is dropped"),
        .init(
            "session.queue.maxBytes", bytes, unit: "bytes", .value("268435456"),
            "bytes that wait for one session; beyond, the newest is dropped"),
        .init(
            "shadow.inflight", count, .byLimits(generous: "1000", aws: "10"),
            "shadow requests of one thing that are not answered yet; beyond: 429"),
        .init(
            "connection.outboundBytes", .integer(65_536...4_294_967_295), unit: "bytes", .value("8388608"),
            "bytes that a slow client may leave unread; beyond, QoS 0 is dropped and QoS 1 waits"),
        .init(
            "retain.stored", count, .byLimits(generous: "1000000", aws: "500000"),
            "retained messages; beyond: 0x97 or close"),
        .init(
            "retain.bytes", bytes, unit: "bytes", .value("1073741824"),
            "bytes of retained messages; beyond: 0x97 or close"
        ),
    ]

    static let edges: [ConfigurationKey] = [
        .init(
            "connect.max", count, .computed("file-descriptor limit less 256"),
            "open connections; beyond, CONNECT is refused: 0x97 or 0x03"),
        .init(
            "memory.maxBytes", .integer(16_777_216...1_125_899_906_842_624), unit: "bytes",
            .computed("half of the machine's memory"),
            "resident memory; beyond, publishers wait and CONNECT is refused (0x97 or 0x03) until it is below 95 %"),
        .init(
            "connect.timeoutSeconds", seconds, unit: "s", .value("10"), "time to send a whole CONNECT; beyond, close"),
        .init(
            "passwords.waiting", .integer(1...100_000), .value("100"),
            "passwords that wait to be checked; beyond, CONNECT is refused: 0x97 or 0x03"),
        .init(
            "tls.handshakeTimeoutSeconds", seconds, unit: "s", .value("10"), "time for a TLS handshake; beyond, close"),
        .init(
            "http.requestTimeoutSeconds", seconds, unit: "s", .value("30"),
            "time to send a whole request; beyond, close"),
        .init(
            "http.headerBytes", .integer(1_024...16_777_216), unit: "bytes", .value("65536"),
            "request line and headers; beyond: 431"),
        .init(
            "http.bodyBytes", .integer(1_024...268_435_455), unit: "bytes", .value("1048576"),
            "request body (Publish: mqtt.payloadMax); beyond: 413"),
        .init(
            "wss.ttl", .integer(1...31_536_000, orNone: true), unit: "s", .byLimits(generous: "none", aws: "86400"),
            "longest life of a WebSocket connection without a certificate; then 0xA0, WEBSOCKET_TTL_EXPIRATION"),
    ]

    package static let defaultDataDirectory = "./martlet-data"
    package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    private static let port = ConfigurationKey.Kind.integer(0...65_535)
    private static let count = ConfigurationKey.Kind.integer(1...100_000_000)
    private static let bytes = ConfigurationKey.Kind.integer(1_024...1_099_511_627_776)
    private static func expiry(orNone: Bool) -> ConfigurationKey.Kind { .integer(1...4_294_967_294, orNone: orNone) }
    private static let seconds = ConfigurationKey.Kind.integer(1...3_600)
}
