import AWSModel
import MartletBase
import MartletBroker
import MartletServices
import MartletStore
import NIOCore
import Synchronization
import Testing

/// What goes wrong around a shadow: crashes, a store that fails, records that cannot be read, requests that are too
/// big.
@Suite("The shadow service in trouble", .timeLimit(.minutes(1)))
struct ShadowLossTests {
    private static let realm = Realm(region: "eu-martlet-1", account: AccountID("210987654321")!)
    private static let prefix = "$aws/things/lamp/shadow"

    private static func publish(_ text: String, _ topic: String, to service: ShadowService) {
        service.receive(
            ServiceRequest(
                realm: realm, clientID: "d", topic: "\(prefix)/\(topic)", payload: ByteBuffer(string: text), qos: 1))
    }

    private static func service(
        _ services: ServicesUnderTest, on documents: (any DocumentStore)? = nil, to publisher: any ServicePublisher,
        limits: ShadowServiceLimits = ShadowServiceLimits()
    ) -> ShadowService {
        ShadowService(
            documents: documents ?? services.store, publisher: publisher, clock: services.clock, limits: limits,
            logger: services.logged.logger)
    }

    private static func versions(_ broker: RecordingBroker, _ topic: String) -> [Int?] {
        broker.told.filter { $0.topic.hasSuffix(topic) }.map {
            ($0.json["version"] ?? $0.json["current"]?["version"])?.numberValue?.int
        }
    }

    @Test("Of several updates in one commit a crash loses none")
    func batchedUpdates() async throws {
        try await withServices { services in
            let lost = RecordingBroker()
            let gate = GatedCommits(store: services.store)
            let before = Self.service(services, on: gate, to: lost)
            Self.publish(#"{"state":{"desired":{"n":1}}}"#, "update", to: before)
            await gate.reached()
            for n in 2...4 { Self.publish(#"{"state":{"desired":{"n":\#(n)}}}"#, "update", to: before) }
            gate.open()
            while lost.told.count < 12 { await Task.yield() }
            #expect(gate.commits == 2)
            try await Self.service(services, to: services.told).repair()
            #expect(Self.versions(services.told, "/documents") == [1, 2, 3, 4])
            #expect(Self.versions(services.told, "/delta") == [1, 2, 3, 4])
        }
    }

    @Test("What the message store did not take is told again after the next start")
    func notKept() async throws {
        try await withServices { services in
            let refusing = RefusingPublisher()
            let before = Self.service(services, to: refusing)
            try await before.repair()
            Self.publish(#"{"state":{"desired":{"n":1}}}"#, "update", to: before)
            while refusing.calls < 1 { await Task.yield() }
            Self.publish("", "get", to: before)
            while refusing.calls < 2 { await Task.yield() }
            await before.stop()
            try await Self.service(services, to: services.told).repair()
            #expect(Self.versions(services.told, "/documents") == [1])
        }
    }

    @Test("What a start has told again, the start after it does not")
    func toldOnce() async throws {
        try await withServices { services in
            let lost = RecordingBroker()
            Self.publish(#"{"state":{"desired":{"n":1}}}"#, "update", to: Self.service(services, to: lost))
            while lost.told.count < 3 { await Task.yield() }
            let second = Self.service(services, to: services.told)
            try await second.repair()
            #expect(services.told.told.count == 2)
            await second.stop()
            let third = RecordingBroker()
            try await Self.service(services, to: third).repair()
            #expect(third.told.isEmpty)
        }
    }

    @Test("A record that cannot be read fails the requests about it and no others")
    func unreadable() async throws {
        try await withServices { services in
            _ = try await services.store.commit([
                .put(KeySpace.shadow(Self.realm.account, thing: "lamp", shadow: "bad"), Array("{".utf8))
            ])
            let gate = GatedCommits(store: services.store)
            let service = Self.service(services, on: gate, to: services.told)
            Self.publish(#"{"state":{}}"#, "update", to: service)
            await gate.reached()
            Self.publish("", "name/bad/get", to: service)
            Self.publish(#"{"state":{}}"#, "name/good/update", to: service)
            gate.open()
            while services.told.told.count < 5 { await Task.yield() }
            #expect(services.told.topics.contains("\(Self.prefix)/name/good/update/accepted"))
            let refused = services.told.told.first { $0.topic == "\(Self.prefix)/name/bad/get/rejected" }
            #expect(refused?.json["code"] == 500)
        }
    }

    @Test("A write by somebody else is not lost: the batch is done again over it")
    func conflict() async throws {
        try await withServices { services in
            let others = RecordingBroker()
            let one = Self.service(services, to: services.told)
            let other = Self.service(services, to: others)
            // The second update makes `one` remember the record; the first was the shadow's making.
            for (service, told, count) in [(one, services.told, 2), (one, services.told, 4), (other, others, 2), (one, services.told, 6)] {
                Self.publish(#"{"state":{"reported":{"n":1}}}"#, "update", to: service)
                while told.told.count < count { await Task.yield() }
            }
            #expect(Self.versions(services.told, "/accepted") == [1, 2, 4])
            #expect(Self.versions(others, "/accepted") == [3])
        }
    }

    @Test("The tombstone of a deleted shadow goes once it is touched after its 48 hours; then versions begin anew")
    func tombstone() async throws {
        try await withServices { services in
            let key = KeySpace.shadow(services.realm.account, thing: "lamp", shadow: "")
            func update() async -> Answer {
                await services.send("POST", "/things/lamp/shadow", service: .iotData, rawBody: Array(#"{"state":{}}"#.utf8))
            }
            #expect(await update()["version"] == 1)
            _ = await services.send("DELETE", "/things/lamp/shadow", service: .iotData)
            let tombstone = try await services.store.get(key)
            #expect(tombstone != nil)
            #expect(await update()["version"] == 2)
            _ = await services.send("DELETE", "/things/lamp/shadow", service: .iotData)
            services.pass(seconds: 48 * 3600 + 1)
            #expect(await services.send("GET", "/things/lamp/shadow", service: .iotData).status == 404)
            let nothing = try await services.store.get(key)
            #expect(nothing == nil)
            #expect(await update()["version"] == 1)
            #expect(await update()["version"] == 2)
        }
    }

    @Test("A request above shadow.requestBytes is 413 on both ways and waits nowhere")
    func tooLarge() async throws {
        try await withServices { services in
            let text = #"{"state":{},"clientToken":"t"}"# + String(repeating: " ", count: 128 * 1024)
            Self.publish(text, "update", to: services.shadows)
            while services.told.told.isEmpty { await Task.yield() }
            #expect(services.told.topics == ["\(Self.prefix)/update/rejected"])
            #expect(services.told.told.first?.json["code"] == 413)
            let answer = await services.send("POST", "/things/lamp/shadow", service: .iotData, rawBody: Array(text.utf8))
            #expect(answer.outcome == "413 RequestEntityTooLargeException")
        }
    }

    @Test("Requests that wait in a lane are bounded in bytes too")
    func waitingBytes() async throws {
        try await withServices { services in
            var limits = ShadowServiceLimits()
            limits.waitingBytesPerLane = 1000
            let gate = GatedCommits(store: services.store)
            let service = Self.service(services, on: gate, to: services.told, limits: limits)
            let text = #"{"state":{}}"# + String(repeating: " ", count: 588)
            for _ in 0..<2 { Self.publish(text, "update", to: service) }
            while services.told.told.isEmpty { await Task.yield() }
            #expect(services.told.told.map { $0.json["code"] } == [429])
            gate.open()
            while services.told.told.count < 3 { await Task.yield() }
            Self.publish(text, "update", to: service)
            while Self.versions(services.told, "update/accepted") != [1, 2] { await Task.yield() }
        }
    }

    @Test("A list over many deleted shadows looks at so many and goes on in the next page")
    func listExamines() async throws {
        try await withServices { services in
            var limits = ShadowServiceLimits()
            limits.examinedPerList = 3
            let service = Self.service(services, to: services.told, limits: limits)
            for name in ["a", "b", "c", "d", "e"] {
                Self.publish(#"{"state":{}}"#, "name/\(name)/update", to: service)
                if name != "e" { Self.publish("", "name/\(name)/delete", to: service) }
            }
            while !services.told.topics.contains("\(Self.prefix)/name/e/update/documents") { await Task.yield() }
            let first = try await service.names(of: "lamp", after: nil, limit: 25, in: Self.realm.account)
            #expect(first.names.isEmpty && first.next == "c")
            let second = try await service.names(of: "lamp", after: first.next, limit: 25, in: Self.realm.account)
            #expect(second.names == ["e"] && second.next == nil)
        }
    }
}

/// Says of everything that it could not be kept.
private final class RefusingPublisher: ServicePublisher {
    private let count = Mutex(0)
    var calls: Int { count.withLock { $0 } }

    func publish(_ messages: [ServiceMessage], lane: String, in account: AccountID) async -> Bool {
        count.withLock { $0 += 1 }
        return false
    }
}

/// Commits wait until the test lets them.
private final class GatedCommits: DocumentStore {
    private let store: EmbeddedDocumentStore
    private let gate: AsyncStream<Void>
    private let opener: AsyncStream<Void>.Continuation
    private let count = Mutex(0)

    init(store: EmbeddedDocumentStore) {
        self.store = store
        (gate, opener) = AsyncStream.makeStream()
    }

    func open() { opener.finish() }
    var commits: Int { count.withLock { $0 } }
    func reached() async { while commits == 0 { await Task.yield() } }

    func get(_ key: KeyBytes) async throws(EngineError) -> Document? { try await store.get(key) }

    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition {
        count.withLock { $0 += 1 }
        for await _ in gate {}
        return try await store.commit(writes)
    }

    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] {
        try await store.scan(prefix: prefix, after: after, limit: limit)
    }

    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        store.changes(prefix: prefix, since: since)
    }

    func currentPosition() async throws(EngineError) -> ChangePosition { try await store.currentPosition() }
}
