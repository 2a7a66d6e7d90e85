import AWSModel
import IoTDomain
import Logging
import MartletBase
import MartletPKI
import MartletServices
import MartletStore
import MartletTesting

/// All services on a store of their own, called as the HTTP front door calls them.
struct ServicesUnderTest: Sendable {
    let dispatcher: Dispatcher
    let store: EmbeddedDocumentStore
    let cache: DocumentCache
    let clock: VirtualClock
    let random: SeededRandomSource
    let authority: Authority
    let follower: FeedFollower
    let logged: LogRecorder
    let told: RecordingBroker
    let shadows: ShadowService
    var realm = Realm(region: "eu-martlet-1", account: AccountID("210987654321")!)

    /// A request as boto3 sends it: a JSON body with its content type, or no body at all.
    func send(
        _ method: String, _ uri: String, _ body: JSONValue? = nil, headers: [(name: String, value: String)] = [],
        service: Service = .iot, rawBody: [UInt8]? = nil, caller: Caller = .iam(accessKeyID: "martlet")
    ) async -> Answer {
        let typed = body == nil ? [] : [(name: "content-type", value: "application/json")]
        let request = RawRequest(
            method: method, uri: uri, headers: typed + headers, body: rawBody ?? body.map(JSONWriter.bytes) ?? [])
        let call = CallContext(
            realm: realm, caller: caller, requestID: random.uuid(), now: clock.now())
        return Answer(await dispatcher.handle(service: service, request: request, call: call))
    }

    var now: WallInstant { clock.now() }
    func pass(seconds: Int64) { clock.advance(seconds: seconds) }

    func arn(_ resource: String) -> String { "arn:aws:iot:eu-martlet-1:\(realm.account):\(resource)" }
}

/// An answer, read.
struct Answer: Sendable {
    let status: Int
    let json: JSONValue
    let exception: String?
    let requestID: String?

    init(_ response: RawResponse) {
        status = response.status
        json = (try? JSONParser.parse(response.body)) ?? .null
        exception = response.header("x-amzn-ErrorType")
        requestID = response.header("x-amzn-RequestId")
    }

    subscript(_ name: String) -> JSONValue? { json[name] }
    func text(_ name: String) -> String { json[name]?.stringValue ?? "" }
    var message: String { text("message") }
    /// `404 ResourceNotFoundException`, or `200`.
    var outcome: String { exception.map { "\(status) \($0)" } ?? "\(status)" }
    var names: [String] { json.objectValue?.names ?? [] }
}

func withServices(
    wrapping: @Sendable (EmbeddedDocumentStore) -> any DocumentStore = { $0 }, examinedPerPage: Int = 5_000,
    allowsAnonymous: Bool = true, _ body: @Sendable (ServicesUnderTest) async throws -> Void
) async throws {
    try await withTemporaryDirectory { path in
        let directory = try DataDirectory.open(path + "/data")
        defer { directory.release() }
        let store = try EmbeddedDocumentStore.open(in: directory)
        let outcome: Result<Void, any Error>
        do {
            try await run(path, store, wrapping(store), examinedPerPage, allowsAnonymous, body)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await store.close()
        try outcome.get()
    }
}

private func run(
    _ path: String, _ store: EmbeddedDocumentStore, _ documents: any DocumentStore, _ examinedPerPage: Int,
    _ allowsAnonymous: Bool,
    _ body: @Sendable (ServicesUnderTest) async throws -> Void
) async throws {
    let clock = VirtualClock()
    let random = SeededRandomSource(seed: 7)
    let cache = DocumentCache(store: store)
    let follower = FeedFollower(
        store: store, since: try await store.currentPosition(), onCompacted: { cache.invalidateAll() },
        apply: { cache.apply($0) })
    let authority = try Authority.loadOrCreate(directory: path + "/pki", clock: clock, random: random)
    let logged = LogRecorder()
    let told = RecordingBroker()
    let shadows = ShadowService(documents: documents, publisher: told, clock: clock, logger: logged.logger)
    let environment = ServiceEnvironment(
        documents: documents, barrier: follower, issuer: authority, random: random,
        endpoints: .host("localhost"), shadows: shadows,
        dataPlane: DataPlaneAuthorization(
            loader: DeviceAuthorizationLoader(cache: cache, documents: store), allowsAnonymous: allowsAnonymous,
            logger: logged.logger),
        connectivity: told, examinedPerPage: examinedPerPage, logger: logged.logger)
    let services = ServicesUnderTest(
        dispatcher: Dispatcher(table: OperationTable(environment), logger: environment.logger), store: store,
        cache: cache, clock: clock, random: random, authority: authority, follower: follower, logged: logged, told: told,
        shadows: shadows)
    let following = Task { try await follower.run() }
    defer { following.cancel() }
    try await body(services)
}
