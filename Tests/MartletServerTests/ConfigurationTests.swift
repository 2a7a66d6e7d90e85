import MartletBase
import MartletServer
import Testing

@Suite struct ConfigurationTests {
    @Test("command line before environment before file before default")
    func precedence() throws {
        let file = "mqtt:\n  port: 3\napi.port: 3\nhttps: { port: 3 }\n"
        let variables = ["MARTLET_MQTT_PORT": "2", "MARTLET_API_PORT": "2", "HOME": "/root"]
        let ports = try configured("--mqtt-port 1", variables, file: file).ports
        #expect(ports.mqtt == 1)
        #expect(ports.api == 2)
        #expect(ports.https == 3)
        #expect(ports.mqtts == 8883)
    }

    @Test("the defaults are the dev profile on loopback with the generous limits")
    func defaults() throws {
        let it = try configured()
        #expect(it.profile == .dev)
        #expect(it.realm == Realm(region: "us-east-1", account: .zero))
        #expect(it.bindAddress == "127.0.0.1")
        #expect([it.ports.api, it.ports.mqtt, it.ports.mqtts, it.ports.https] == [8800, 1883, 8883, 8443])
        #expect(it.anonymous == .allow && it.deniedConnect == .connack5 && it.deniedSubscribe == .close)
        #expect(it.endpointHost == "localhost" && it.dataDirectory == "./martlet-data" && it.logLevel == "info")
        #expect(it.eventLoops == nil)
    }

    @Test("the generous limits are those of the limits table")
    func generousLimits() throws {
        let limits = try configured().limits
        #expect(limits.keepAliveMinSeconds == nil && limits.keepAliveMaxSeconds == nil && limits.topicSlashes == nil)
        #expect(
            limits.filtersPerSubscribe == nil && limits.subscriptionsPerConnection == nil && limits.connections == nil)
        #expect(limits.clientIDBytes == 65_535 && limits.topicBytes == 65_535)
        #expect(limits.packetBytes == 268_435_455 && limits.payloadBytes == 268_435_455)
        #expect(limits.inflightIn == 1_000 && limits.inflightOut == 1_000 && limits.topicAliasMax == 64)
        #expect(limits.sessions == 1_000_000 && limits.sessionQueueMessages == 100_000)
        #expect(limits.sessionQueueBytes == 256 << 20 && limits.connectionOutboundBytes == 8 << 20)
        #expect(limits.retainedMessages == 1_000_000 && limits.retainedBytes == 1 << 30)
        #expect(limits.httpHeaderBytes == 65_536 && limits.httpBodyBytes == 1 << 20)
    }

    @Test("under limits.profile aws the table holds AWS's numbers")
    func awsNumbers() {
        let numbers = ConfigurationKeys.all.compactMap { key in
            if case .byLimits(_, let aws) = key.defaultValue { "\(key.name) \(aws)" } else { nil }
        }
        #expect(
            numbers == [
                "mqtt.keepAlive.min 30", "mqtt.keepAlive.max 1200", "mqtt.clientIdBytes 128", "mqtt.topicBytes 256",
                "mqtt.topicSlashes 7", "mqtt.packetMax 149504", "mqtt.payloadMax 131072", "mqtt.inflightIn 100",
                "mqtt.inflightOut 100", "mqtt5.topicAliasMax 8", "sub.filtersPerSubscribe 8", "sub.perConnection 50",
                "sub.perAccount 500000", "share.groups 100", "share.members 100", "mqtt.minClientPacket 512",
                "mqtt5.contentTypeBytes 256", "mqtt5.correlationDataBytes 8192", "mqtt5.userPropertyBytes 8192",
                "mqtt5.messageExpiryMax 604800",
                "session.expiryMax 3600", "session.expiryV3Seconds 3600", "shadow.inflight 10", "retain.stored 500000", "wss.ttl 86400",
                "connect.ratePerAccount 3000", "connect.ratePerClientId 1", "publish.ratePerConnection 100",
                "publish.bytesPerSecond 524288", "publish.inRate 20000", "publish.outRate 20000",
                "retain.ratePerAccount 500", "retain.ratePerTopic 1", "sub.ratePerAccount 3000",
                "session.queueRate 500", "session.replayRate 10", "share.opsRate 100", "share.drainRate 20",
                "shadow.ratePerThing 20", "api.conn.ratePerClientId 1",
                "api.conn.ratePerAccount 100",
            ])
    }

    @Test("production closes the plain port and denies anonymous clients, unless the port is asked for")
    func production() throws {
        let it = try configured("--profile production --bind 0.0.0.0")
        #expect(it.ports.mqtt == nil)
        #expect(it.anonymous == .deny)
        #expect(it.bindAddress == "0.0.0.0")
        #expect(try configured("--profile production --mqtt-plain-enabled").ports.mqtt == 1883)
    }

    @Test("dev binds another address only when told twice")
    func devReach() throws {
        #expect(refusal("--bind 0.0.0.0")?.sentence.contains("--allow-remote-dev") == true)
        #expect(try configured("--bind 0.0.0.0 --allow-remote-dev").bindAddress == "0.0.0.0")
        #expect(try configured("--bind ::1", ["MARTLET_ALLOW_REMOTE_DEV": "true"]).bindAddress == "::1")
    }

    @Test("every port takes 0, and several may")
    func freePorts() throws {
        let ports = try configured("--api-port 0 --mqtt-port 0 --mqtts-port=0 --https-port=0").ports
        #expect([ports.api, ports.mqtt, ports.mqtts, ports.https] == [0, 0, 0, 0])
    }

    @Test("a limit takes none, and a value may hold commas, equals signs and spaces")
    func values() throws {
        #expect(try configured("--mqtt-keep-alive-max 60").limits.keepAliveMaxSeconds == 60)
        #expect(
            try configured("--mqtt-keep-alive-max none", file: "mqtt.keepAlive.max: 5").limits.keepAliveMaxSeconds
                == nil)
        let odd = ConfigurationSources(arguments: ["--data-dir=/a,b=c d"], environment: [:]) {
            _ throws(ServerFailure) in []
        }
        #expect(try ServerConfiguration.load(odd).dataDirectory == "/a,b=c d")
        #expect(try configured("--data-dir x,y").dataDirectory == "x,y")
    }

    @Test("an account of digits keeps its zeros in the file", arguments: ["000000000012", "\"000000000012\""])
    func accountInFile(_ text: String) throws {
        #expect(try configured(file: "account: \(text)").realm.account.text == "000000000012")
    }

    @Test("a file that says nothing is accepted", arguments: ["", "\n  \n", "# only a comment\n"])
    func emptyFile(_ text: String) throws { #expect(try configured(file: text).profile == .dev) }

    @Test("the variable names the file too")
    func fileByVariable() throws {
        var named = sources("", ["MARTLET_CONFIG": "x.yaml"])
        named.readFile = { path throws(ServerFailure) in path == "x.yaml" ? Array("region: eu-west-1".utf8) : [] }
        #expect(try ServerConfiguration.load(named).realm.region == "eu-west-1")
    }

    @Test("every default is a value that its own key accepts")
    func defaultsAreValid() {
        for key in ConfigurationKeys.all {
            let texts: [String] =
                switch key.defaultValue {
                case .value(let text): [text]
                case .byProfile(let dev, let production): [dev, production]
                case .byMQTTProfile(let oasis, let aws): [oasis, aws]
                case .byLimits(let generous, let aws): [generous, aws]
                case .computed: []
                }
            for text in texts { #expect(key.kind.accepts(text), "\(key.name) \(text)") }
        }
    }
}
