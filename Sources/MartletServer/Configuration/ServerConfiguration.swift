package import MartletBase
package import MartletGateway

/// All that the server is told, checked as a whole: what stands here is honoured.
package struct ServerConfiguration: Hashable, Sendable {
    package enum Profile: String, Hashable, Sendable { case dev, production }
    package enum Anonymous: String, Hashable, Sendable { case allow, deny }
    /// How a denied MQTT 3.1.1 CONNECT ends (policies.md section 7).
    package enum DeniedConnect: String, Hashable, Sendable { case connack5, close }
    /// How a denied MQTT 3.1.1 SUBSCRIBE ends (policies.md section 7).
    package enum DeniedSubscribe: String, Hashable, Sendable { case close, suback80 }

    /// What an acknowledgement of the message store says.
    package enum Durability: Hashable, Sendable {
        /// It is on disk.
        case full
        /// The system has it; it is synced so often.
        case relaxed(syncMilliseconds: Int)
    }

    /// Port numbers; 0 takes a free one.
    package struct Ports: Hashable, Sendable {
        package let api: Int
        /// Nil when MQTT without TLS is off.
        package let mqtt: Int?
        package let mqtts: Int
        package let https: Int
    }

    package struct PasswordFile: Hashable, Sendable {
        package let path: String
        /// Somebody has named it: then it has to be there.
        package let isNamed: Bool
    }

    package let profile: Profile
    package let realm: Realm
    package let dataDirectory: String
    package let endpointHost: String
    /// One of `ConfigurationKeys.logLevels`, which are swift-log's own names.
    package let logLevel: String
    /// Nil: one per core.
    package let eventLoops: Int?
    /// An IPv4 or IPv6 address.
    package let bindAddress: String
    package let ports: Ports
    /// Whether AWS's behaviour holds where it differs from OASIS's (mqtt-broker.md section 18).
    package let isAWSProfile: Bool
    package let proxyProtocolListeners: Set<String>
    /// Nil: from anywhere.
    package let proxyProtocolTrusted: AddressBlocks?
    package let anonymous: Anonymous
    package let deniedConnect: DeniedConnect
    package let deniedSubscribe: DeniedSubscribe
    /// Seconds between two looks at the numbers of `$SYS`; 0: there is none.
    package let systemTopicsSeconds: Int
    /// Nil: nothing is told.
    package let responseInformation: String?
    package let passwordFile: PasswordFile
    package let durability: Durability
    package let limits: ServerLimits

    /// Reads and checks everything; the failure names the key and where it was set. Exit code 2.
    package static func load(_ sources: ConfigurationSources) throws(ServerFailure) -> ServerConfiguration {
        try ServerConfiguration(try ResolvedConfiguration(sources))
    }

    package init(_ values: ResolvedConfiguration) throws(ServerFailure) {
        try ConfigurationRules.check(values)
        profile = Profile(rawValue: values.text("profile")) ?? .production
        realm = Realm(region: values.text("region"), account: AccountID(values.text("account")) ?? .zero)
        dataDirectory = values.text("dataDir")
        endpointHost = values.text("endpoint.host")
        logLevel = values.text("log.level")
        eventLoops = values.integerOrNone("eventLoops")
        bindAddress = values.text("bind")
        ports = Ports(
            api: values.integer("api.port"),
            mqtt: values.flag("mqtt.plain.enabled") ? values.integer("mqtt.port") : nil,
            mqtts: values.integer("mqtts.port"), https: values.integer("https.port"))
        isAWSProfile = values.text("mqtt.profile") == "aws"
        proxyProtocolListeners = Set(ConfigurationKey.Kind.parts(values.text("proxyProtocol.listeners")))
        proxyProtocolTrusted = AddressBlocks(values.text("proxyProtocol.trustedAddresses"))
        anonymous = Anonymous(rawValue: values.text("authorization.anonymous")) ?? .deny
        deniedConnect = DeniedConnect(rawValue: values.text("authorization.v3.connect")) ?? .connack5
        deniedSubscribe = DeniedSubscribe(rawValue: values.text("authorization.v3.subscribe")) ?? .close
        // AWS has no $SYS.
        systemTopicsSeconds = values.text("mqtt.profile") == "aws" ? 0 : values.integer("sys.intervalSeconds")
        responseInformation = values.value("mqtt5.responseInformation").text
        passwordFile = PasswordFile(values)
        durability =
            values.text("durability") == "full"
            ? .full : .relaxed(syncMilliseconds: values.integer("store.syncMilliseconds"))
        limits = ServerLimits(values)
    }
}

extension ServerConfiguration.PasswordFile {
    /// `passwords.file`, or `passwords` in the data directory.
    init(_ values: ResolvedConfiguration) {
        let named = values.value("passwords.file").text
        path = named ?? values.text("dataDir") + "/passwords"
        isNamed = named != nil
    }
}
