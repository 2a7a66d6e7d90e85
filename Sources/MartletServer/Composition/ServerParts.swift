import Glibc
import Logging
import MartletBase
import MartletBroker
import MartletGateway
import MartletObserve
import MartletPKI
import MartletServices
import MartletStore
import NIOCore
import NIOPosix

/// Everything a running server is made of, opened in order.
struct ServerParts: Sendable {
    let directory: DataDirectory
    let documents: EmbeddedDocumentStore
    let messages: EmbeddedMessageStore
    let follower: FeedFollower
    let passwordService: PasswordReloadService
    let gatewayService: GatewayService
    let loopGroup: MultiThreadedEventLoopGroup
    private let syncs: RepeatedTask?

    static func open(
        _ configuration: ServerConfiguration, startedNanoseconds: UInt64, logger: Logger
    ) async throws(ServerFailure) -> ServerParts {
        let fileDescriptors = FileDescriptorLimit.raise()
        let clock = SystemClock()
        let random = SystemRandomSource()
        let health = Health()
        let loopGroup = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoops ?? System.coreCount)
        let (directory, documents) = try openStore(configuration)
        let door = await LoadingDoor.open(configuration, health, on: loopGroup, logger)
        let messages = try openMessages(configuration, directory, health, logger)
        do throws(DataDirectoryError) { try directory.markComplete() } catch { throw .dataDirectory(error.description) }
        let authority = try openAuthority(configuration, directory, clock, random)

        let cache = DocumentCache(store: documents)
        let loader = DeviceAuthorizationLoader(cache: cache, documents: documents)
        let passwords = try openPasswords(configuration, random, health, logger)
        let passwordCheck = PasswordCheck(users: passwords.users, waitingMax: configuration.limits.passwordsWaiting)
        let storeState = StoreState()
        let broker = Broker(
            region: configuration.realm.region, loops: Array(loopGroup.makeIterator()),
            limits: BrokerLimits(configuration.limits, fileDescriptors: fileDescriptors),
            behaviour: BrokerBehaviour(configuration),
            authority: RegistryAuthority(
                loader: loader, users: passwords.users, passwords: passwordCheck, anonymous: configuration.anonymous,
                logger: logger),
            store: messages, clock: clock, random: random, logger: logger,
            abuse: AbuseGuard(configuration.limits.abuse, clock: clock, logger: logger),
            memoryProbe: ProcessMemory.residentBytes, onStoreCondition: { condition in
                storeState.set(condition)
                health.set("messages", failure: condition.failure?.description)
            })
        health.set("messages", failure: "loading: sessions and retained messages")
        try load(broker)
        health.set("messages", failure: nil)
        await door?.close()
        let follower = try await follow(
            documents, cache, broker, logger,
            usersWithPolicy: { $0 == configuration.realm.account ? passwords.users.names(withPolicy: $1) : [] })
        let shadows = ShadowService(
            documents: documents, publisher: broker, clock: clock, limits: ShadowServiceLimits(configuration.limits),
            logger: logger)
        broker.setService(shadows, for: .shadow)

        let metrics = ServerMetrics(broker: broker, storeState: storeState, startedNanoseconds: startedNanoseconds)
        let desk = FrontDesk(
            dispatcher: Dispatcher(
                table: OperationTable(
                    ServiceEnvironment(
                        documents: documents, barrier: follower, issuer: authority.authority, random: random,
                        endpoints: .host(configuration.endpointHost), shadows: shadows,
                        dataPlane: DataPlaneAuthorization(
                            loader: loader, allowsAnonymous: configuration.anonymous == .allow, logger: logger),
                        connectivity: BrokerConnectivity(broker: broker), broker: broker,
                        connectionRates: ConnectionCallRates(
                            perClientID: configuration.limits.connectionCallsPerClientID,
                            perAccount: configuration.limits.connectionCallsPerAccount), logger: logger)), logger: logger),
            selector: ServiceSelector(
                profile: configuration.profile == .dev ? .dev : .production, realm: configuration.realm),
            metrics: metrics, health: health,
            connections: ConnectionsPage(
                broker: broker, account: configuration.realm.account, onlyFromHere: configuration.profile == .production),
            clock: clock, random: random, logger: logger)
        let gatewayService = GatewayService(
            configuration: configuration, authority: authority.authority, server: authority.server, broker: broker,
            shadows: shadows, passwords: passwords.users, group: loopGroup, certificates: RegistryCertificates(loader: loader, clock: clock), desk: desk,
            metrics: metrics, logger: logger)
        return ServerParts(
            directory: directory, documents: documents, messages: messages, follower: follower,
            passwordService: PasswordReloadService(reader: passwords, check: passwordCheck, broker: broker),
            gatewayService: gatewayService, loopGroup: loopGroup, syncs: repeatedSyncs(configuration, messages, loopGroup))
    }

    /// `durability: relaxed`: the log is synced by the clock.
    private static func repeatedSyncs(
        _ configuration: ServerConfiguration, _ messages: EmbeddedMessageStore, _ group: MultiThreadedEventLoopGroup
    ) -> RepeatedTask? {
        guard case .relaxed(let milliseconds) = configuration.durability else { return nil }
        let interval = TimeAmount.milliseconds(Int64(milliseconds))
        return group.next().scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in messages.syncWritten() }
    }

    /// Stops what `open` started, the last first.
    func close() async {
        syncs?.cancel()
        await messages.close()
        await documents.close()
        try? await loopGroup.shutdownGracefully()
        directory.release()
    }

    private static func openStore(
        _ configuration: ServerConfiguration
    ) throws(ServerFailure) -> (DataDirectory, EmbeddedDocumentStore) {
        do throws(DataDirectoryError) {
            let directory = try DataDirectory.open(configuration.dataDirectory)
            return (directory, try EmbeddedDocumentStore.open(in: directory))
        } catch {
            throw .dataDirectory(error.description)
        }
    }

    private static func openMessages(
        _ configuration: ServerConfiguration, _ directory: DataDirectory, _ health: Health, _ logger: Logger
    ) throws(ServerFailure) -> EmbeddedMessageStore {
        var log = LogLimits()
        log.maxBytes = configuration.limits.storeBytes
        if case .relaxed = configuration.durability { log.isRelaxed = true }
        let limits = QueueLimits(
            maxMessages: configuration.limits.sessionQueueMessages, maxBytes: configuration.limits.sessionQueueBytes)
        do throws(StoreFailure) {
            return try EmbeddedMessageStore.open(
                directory: directory.file("messages"), mustExist: directory.isComplete, queues: limits, limits: log,
                onProgress: { health.set("messages", failure: "loading: segment \($0 + 1) of \($1)") },
                onDamage: { damage in
                    logger.critical("the message store has found damage", metadata: ["reason": "\(damage)"])
                    health.note("messages", "damage was found; see martlet store check: \(damage)")
                })
        } catch {
            throw .dataDirectory(error.description)
        }
    }

    private static func openPasswords(
        _ configuration: ServerConfiguration, _ random: any RandomSource, _ health: Health, _ logger: Logger
    ) throws(ServerFailure) -> PasswordFileReader {
        let reader = PasswordFileReader(
            path: configuration.passwordFile.path, isNamed: configuration.passwordFile.isNamed,
            users: PasswordUsers(random: random), health: health, logger: logger)
        try reader.start()
        return reader
    }

    /// Sessions, retained messages and presence as the last process left them.
    private static func load(_ broker: Broker) throws(ServerFailure) {
        do throws(StoreFailure) {
            try broker.load()
        } catch {
            throw .dataDirectory(error.description)
        }
    }

    private static func openAuthority(
        _ configuration: ServerConfiguration, _ directory: DataDirectory, _ clock: any WallClock,
        _ random: any RandomSource
    ) throws(ServerFailure) -> (authority: Authority, server: ServerCertificate) {
        do throws(PKIError) {
            let authority = try Authority.loadOrCreate(directory: directory.file("pki"), clock: clock, random: random)
            let names = Authority.localServerNames() + [configuration.endpointHost]
            return (authority, try authority.serverCertificate(names: names))
        } catch {
            throw .dataDirectory(error.description)
        }
    }

    /// Each commit goes into the cache first, then to the connections that it touches: what a re-check reads is new.
    private static func follow(
        _ documents: EmbeddedDocumentStore, _ cache: DocumentCache, _ broker: Broker, _ logger: Logger,
        usersWithPolicy: @escaping @Sendable (AccountID, String) -> Set<String>
    ) async throws(ServerFailure) -> FeedFollower {
        do {
            let position = try await documents.currentPosition()
            return FeedFollower(store: documents, since: position, onCompacted: { cache.invalidateAll() }) { change in
                cache.apply(change)
                if case .delete = change.kind, let (account, thing) = KeySpace.thingNamed(by: change.key) {
                    broker.thingDeleted(thing, in: account)
                }
                guard let affected = await affectedConnections(change, documents, logger, usersWithPolicy) else { return }
                await broker.reauthorize(affected)
            }
        } catch {
            throw .runtime("the change feed cannot be read: \(error)")
        }
    }

    /// nil for a change that no authorisation depends on.
    private static func affectedConnections(
        _ change: Change, _ documents: EmbeddedDocumentStore, _ logger: Logger,
        _ usersWithPolicy: @Sendable (AccountID, String) -> Set<String>
    ) async -> AffectedConnections? {
        do throws(EngineError) {
            guard let affected = try await AffectedPrincipals.of(change, in: documents) else { return nil }
            let users = affected.policy.map { usersWithPolicy(affected.account, $0) } ?? []
            if affected.certificates.isEmpty, affected.things.isEmpty, users.isEmpty { return nil }
            return AffectedConnections(certificates: affected.certificates, thingNames: affected.things, users: users)
        } catch {
            logger.error(
                "what a change touches cannot be read; every connection is decided anew", metadata: ["cause": "\(error)"])
            return .everything
        }
    }
}

extension BrokerLimits {
    init(_ limits: ServerLimits, fileDescriptors: Int) {
        self.init()
        clientIDBytes = limits.clientIDBytes
        topicBytes = limits.topicBytes
        topicSlashes = limits.topicSlashes
        packetBytes = limits.packetBytes
        payloadBytes = limits.payloadBytes
        inflightIn = limits.inflightIn
        inflightOut = limits.inflightOut
        topicAliases = limits.topicAliasMax
        keepAliveMinSeconds = limits.keepAliveMinSeconds
        keepAliveMaxSeconds = limits.keepAliveMaxSeconds
        filtersPerSubscribe = limits.filtersPerSubscribe
        subscriptionsPerConnection = limits.subscriptionsPerConnection
        sessions = limits.sessions
        sessionExpiryMaxSeconds = limits.sessionExpiryMaxSeconds.map { UInt32(clamping: $0) }
        sessionExpiryV3Seconds = UInt32(clamping: limits.sessionExpiryV3Seconds)
        queuedMessages = limits.sessionQueueMessages
        queuedBytes = limits.sessionQueueBytes
        outboundBytes = limits.connectionOutboundBytes
        retainedMessages = limits.retainedMessages
        retainedBytes = limits.retainedBytes
        connections = limits.connections ?? max(1, fileDescriptors - FileDescriptorLimit.reserve)
        connectTimeoutSeconds = limits.connectTimeoutSeconds
        rates = limits.rates
        subscriptionsPerAccount = limits.subscriptionsPerAccount
        shareGroups = limits.shareGroups
        shareMembers = limits.shareMembers
        minClientPacketBytes = limits.minClientPacketBytes
        contentTypeBytes = limits.contentTypeBytes
        correlationDataBytes = limits.correlationDataBytes
        userPropertyBytes = limits.userPropertyBytes
        messageExpiryMaxSeconds = limits.messageExpiryMaxSeconds.map { UInt32(clamping: $0) }
        memoryBytes = limits.memoryBytes ?? max(1 << 24, ProcessMemory.machineBytes() / 2)
    }
}

extension ShadowServiceLimits {
    init(_ limits: ServerLimits) {
        self.init()
        inflightPerThing = limits.shadowsInflight
        ratePerThing = limits.shadowRatePerThing
    }
}

extension BrokerBehaviour {
    init(_ configuration: ServerConfiguration) {
        self.init()
        systemTopicsSeconds = configuration.systemTopicsSeconds
        version = "martlet version \(MartletVersion.text)"
        profile = configuration.isAWSProfile ? .aws : .oasis
        v3Connect = configuration.deniedConnect == .close ? .close : .connack5
        v3Subscribe = configuration.deniedSubscribe == .close ? .close : .suback80
        responseInformation = configuration.responseInformation
    }
}
