import AWSModel
import Logging
import MartletBase
import MartletBroker
import MartletServices
import MartletStore
import MartletTesting
import NIOCore
import Testing

/// Shadows through the front door of MQTT and HTTP (shadows.md): one engine, one order.
@Suite("The shadow service")
struct ShadowServiceTests {
    private static let account = AccountID("210987654321")!
    private static let realm = Realm(region: "eu-martlet-1", account: account)

    private static func publish(_ text: String, _ topic: String, to service: ShadowService) {
        service.receive(
            ServiceRequest(
                realm: realm, clientID: "d", topic: topic, payload: ByteBuffer(string: text), qos: 1))
    }

    private static func prefix(_ thing: String) -> String { "$aws/things/\(thing)/shadow" }

    /// What is asked over HTTP is answered behind what was published before about the same thing.
    private static func barrier(_ services: ServicesUnderTest, _ thing: String = "lamp") async {
        _ = await services.send("GET", "/things/\(thing)/shadow", service: .iotData)
    }

    @Test("accepted, then delta, then documents, each with the version that it is of")
    func order() async throws {
        try await withServices { services in
            Self.publish(#"{"state":{"desired":{"on":true}},"clientToken":"t"}"#, "\(Self.prefix("lamp"))/update", to: services.shadows)
            await Self.barrier(services)
            #expect(services.told.topics == ["accepted", "delta", "documents"].map { "\(Self.prefix("lamp"))/update/\($0)" })
            #expect(services.told.told.map { ($0.json["version"] ?? $0.json["current"]?["version"])?.numberValue?.int } == [1, 1, 1])
            #expect(services.told.told.allSatisfy { $0.json["clientToken"] == "t" })
        }
    }

    @Test("Many at once: versions rise one by one for each shadow, and so do their messages")
    func versions() async throws {
        try await withServices { services in
            for index in 1...200 {
                for thing in ["a", "b", "c"] {
                    Self.publish(#"{"state":{"reported":{"n":\#(index)}}}"#, "\(Self.prefix(thing))/update", to: services.shadows)
                }
            }
            for thing in ["a", "b", "c"] {
                await Self.barrier(services, thing)
                let accepted = services.told.told.filter { $0.topic == "\(Self.prefix(thing))/update/accepted" }
                #expect(accepted.map { $0.json["version"]?.numberValue?.int } == Array(1...200))
                #expect(accepted.map { $0.json["state"]?["reported"]?["n"]?.numberValue?.int } == Array(1...200))
                let documents = services.told.told.filter { $0.topic == "\(Self.prefix(thing))/update/documents" }
                #expect(documents.map { $0.json["previous"]?["version"]?.numberValue?.int } == Array(0..<200))
            }
        }
    }

    @Test("A call does the same, tells the same, and its refusal is told to nobody")
    func http() async throws {
        try await withServices { services in
            let body = #"{"state":{"desired":{"on":true}}}"#
            let answer = await services.send(
                "POST", "/things/lamp/shadow?name=cfg", service: .iotData, rawBody: Array(body.utf8))
            #expect(answer.outcome == "200" && answer["version"] == 1)
            #expect(services.told.topics.first == "\(Self.prefix("lamp"))/name/cfg/update/accepted")
            #expect(services.told.told.first?.json == answer.json)
            services.told.forget()
            let refused = await services.send(
                "POST", "/things/lamp/shadow?name=cfg", service: .iotData, rawBody: Array("{".utf8))
            #expect(refused.outcome == "400 InvalidRequestException" && refused.message == "Invalid JSON")
            let read = await services.send("GET", "/things/lamp/shadow?name=cfg", service: .iotData)
            #expect(read["state"]?["delta"] == ["on": true])
            #expect(services.told.told.isEmpty)
            let deleted = await services.send("DELETE", "/things/lamp/shadow?name=cfg", service: .iotData)
            #expect(deleted["version"] == 1)
            #expect(services.told.topics == ["\(Self.prefix("lamp"))/name/cfg/delete/accepted"])
        }
    }

    @Test(
        "Each refusal has its exception",
        arguments: [
            ("GET", "/things/none/shadow", "", "404 ResourceNotFoundException"),
            ("DELETE", "/things/none/shadow?name=x", "", "404 ResourceNotFoundException"),
            ("POST", "/things/lamp/shadow", #"{"state":{},"version":9}"#, "409 ConflictException"),
            ("POST", "/things/lamp/shadow", #"{"stat":{}}"#, "400 InvalidRequestException"),
            ("POST", "/things/lamp/shadow", #"{"state":{"desired":{"a":"\#(String(repeating: "x", count: 9000))"}}}"#, "413 RequestEntityTooLargeException"),
            ("PUT", "/things/lamp/shadow", "{}", "405 MethodNotAllowedException"),
            ("POST", "/things/lamp/shadow?name=$other", #"{"state":{}}"#, "400 InvalidRequestException"),
        ])
    func refusals(method: String, uri: String, body: String, outcome: String) async throws {
        try await withServices { services in
            let answer = await services.send(method, uri, service: .iotData, rawBody: Array(body.utf8))
            #expect(answer.outcome == outcome)
        }
    }

    @Test("Over MQTT a refusal is a message on the request's own topic, also for names that are none")
    func rejected() async throws {
        try await withServices { services in
            Self.publish(#"{"clientToken":"g"}"#, "\(Self.prefix("lamp"))/get", to: services.shadows)
            Self.publish("garbage", "\(Self.prefix("lamp"))/name/$no/delete", to: services.shadows)
            await Self.barrier(services)
            // The name that is none is refused beside the lanes.
            while services.told.told.count < 2 { await Task.yield() }
            let rejected = services.told.told.sorted { $0.topic < $1.topic }
            #expect(rejected.map(\.topic) == ["\(Self.prefix("lamp"))/get/rejected", "\(Self.prefix("lamp"))/name/$no/delete/rejected"])
            #expect(rejected[0].json["code"] == 404 && rejected[0].json["clientToken"] == "g")
            #expect(rejected[1].json["code"] == 400)
        }
    }

    @Test("A thing that has too many unanswered requests is told 429, and others are not")
    func throttled() async throws {
        try await withServices { services in
            let gate = GatedReads(store: services.store)
            var limits = ShadowServiceLimits()
            limits.inflightPerThing = 2
            let service = ShadowService(
                documents: gate, publisher: services.told, clock: services.clock, limits: limits,
                logger: services.logged.logger)
            for _ in 0..<3 { Self.publish(#"{"state":{}}"#, "\(Self.prefix("lamp"))/update", to: service) }
            Self.publish(#"{"state":{}}"#, "\(Self.prefix("other"))/update", to: service)
            while services.told.told.isEmpty { await Task.yield() }
            #expect(services.told.told.map { $0.json["code"] } == [429])
            gate.open()
            while services.told.topics.filter({ $0.hasSuffix("update/accepted") }).count < 3 { await Task.yield() }
            #expect(services.told.topics.filter { $0.hasSuffix("rejected") } == ["\(Self.prefix("lamp"))/update/rejected"])
        }
    }

    @Test("What a crash left untold is told at the next start, and what was told is not forgotten to be")
    func repair() async throws {
        try await withServices { services in
            let lost = RecordingBroker()
            let before = ShadowService(
                documents: services.store, publisher: lost, clock: services.clock, logger: services.logged.logger)
            try await before.repair()
            let update = #"{"state":{"desired":{"on":true},"reported":{"on":false}},"clientToken":"t"}"#
            Self.publish(update, "\(Self.prefix("lamp"))/update", to: before)
            while lost.told.count < 3 { await Task.yield() }
            // No stop: the process was killed.
            let after = ShadowService(
                documents: services.store, publisher: services.told, clock: services.clock, logger: services.logged.logger)
            try await after.repair()
            #expect(services.told.told == Array(lost.told.dropFirst()), "delta and documents")
            Self.publish(#"{"state":{"desired":{"on":false}}}"#, "\(Self.prefix("lamp"))/update", to: after)
            while services.told.told.count < 4 { await Task.yield() }
            while await services.store.hasProgress == false { await after.stop() }
            let third = RecordingBroker()
            try await ShadowService(
                documents: services.store, publisher: third, clock: services.clock, logger: services.logged.logger
            ).repair()
            #expect(third.told.isEmpty)
        }
    }

    @Test("Named shadows are listed in order, page by page; the classic one and deleted ones are not")
    func list() async throws {
        try await withServices { services in
            let names = (0..<60).map { "s\($0 + 100)" }
            for name in names + ["deleted"] {
                _ = await services.send(
                    "POST", "/things/lamp/shadow?name=\(name)", service: .iotData, rawBody: Array(#"{"state":{}}"#.utf8))
            }
            _ = await services.send("POST", "/things/lamp/shadow", service: .iotData, rawBody: Array(#"{"state":{}}"#.utf8))
            _ = await services.send("DELETE", "/things/lamp/shadow?name=deleted", service: .iotData)
            var found: [String] = []
            var sizes: [Int] = []
            var token: String?
            repeat {
                let query = token.map { "?nextToken=" + $0.replacing("+", with: "%2B").replacing("/", with: "%2F").replacing("=", with: "%3D") } ?? ""
                let page = await services.send(
                    "GET", "/api/things/shadow/ListNamedShadowsForThing/lamp\(query)", service: .iotData)
                let results = page["results"]?.arrayValue?.compactMap(\.stringValue) ?? []
                found += results
                sizes.append(results.count)
                token = page["nextToken"]?.stringValue
            } while token != nil
            #expect(found == names)
            #expect(sizes == [25, 25, 10])
            let none = await services.send("GET", "/api/things/shadow/ListNamedShadowsForThing/other", service: .iotData)
            #expect(none["results"] == [])
            let bad = await services.send(
                "GET", "/api/things/shadow/ListNamedShadowsForThing/lamp?nextToken=AAAA", service: .iotData)
            #expect(bad.outcome == "400 InvalidRequestException")
        }
    }

    @Test("Who shows nothing may only where the configuration says so; a certificate may what its policies allow")
    func authorization() async throws {
        try await withServices(allowsAnonymous: false) { services in
            let anonymous = await services.send("GET", "/things/lamp/shadow", service: .iotData, caller: .anonymous)
            #expect(anonymous.outcome == "403 ForbiddenException")
            let arn = try await services.certificate()
            let id = try #require(CertificateID(arn.split(separator: "/").last ?? ""))
            try await services.policy(
                "p", #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:UpdateThingShadow","Resource":"\#(services.arn("thing/lamp/cfg"))"}]}"#)
            _ = await services.attachPolicy("p", to: arn)
            func update(_ uri: String) async -> String {
                await services.send(
                    "POST", uri, service: .iotData, rawBody: Array(#"{"state":{}}"#.utf8), caller: .certificate(id)
                ).outcome
            }
            #expect(await update("/things/lamp/shadow?name=cfg") == "200")
            #expect(await update("/things/lamp/shadow") == "403 ForbiddenException")
            #expect(
                await services.send("GET", "/things/lamp/shadow?name=cfg", service: .iotData, caller: .certificate(id)).outcome
                    == "403 ForbiddenException")
        }
    }

    @Test("GetThingConnectivityData: connected, gone with its reason, never seen, no thing")
    func connectivity() async throws {
        try await withServices { services in
            try await services.thing("pump")
            func ask(_ name: String) async -> Answer { await services.send("POST", "/things/\(name)/connectivity-data") }
            #expect(await ask("none").outcome == "404 ResourceNotFoundException")
            #expect(await ask("pump")["connected"] == false)
            services.told.set(
                Connectivity(isConnected: true, since: services.now, disconnectReason: nil), of: "pump")
            let connected = await ask("pump")
            #expect(connected["connected"] == true && connected["disconnectReason"] == "NONE")
            services.told.set(
                Connectivity(isConnected: false, since: services.now, disconnectReason: "CONNECTION_LOST"), of: "pump")
            let gone = await ask("pump")
            #expect(gone["connected"] == false && gone["disconnectReason"] == "CONNECTION_LOST")
            #expect(gone["timestamp"]?.numberValue?.double == services.now.secondsSinceEpoch)
        }
    }
}

extension EmbeddedDocumentStore {
    fileprivate var hasProgress: Bool {
        get async { (try? await get(KeySpace.serviceProgress("shadows"))) != nil }
    }
}

/// Reads wait until the test lets them.
private final class GatedReads: DocumentStore {
    private let store: EmbeddedDocumentStore
    private let gate: AsyncStream<Void>
    private let opener: AsyncStream<Void>.Continuation

    init(store: EmbeddedDocumentStore) {
        self.store = store
        (gate, opener) = AsyncStream.makeStream()
    }

    func open() { opener.finish() }

    func get(_ key: KeyBytes) async throws(EngineError) -> Document? {
        for await _ in gate {}
        return try await store.get(key)
    }

    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition { try await store.commit(writes) }

    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] {
        try await store.scan(prefix: prefix, after: after, limit: limit)
    }

    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        store.changes(prefix: prefix, since: since)
    }

    func currentPosition() async throws(EngineError) -> ChangePosition { try await store.currentPosition() }
}
