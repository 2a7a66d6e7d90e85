package import IoTDomain
package import Logging
package import MartletBase
package import MartletBroker
package import MartletStore
import NIOCore
import Synchronization

/// Device shadows, classic and named: one engine behind MQTT and HTTP (shadows.md). An answer that says accepted is
/// durable.
package final class ShadowService: ServiceMailbox {
    /// What the lanes share.
    struct Parts: Sendable {
        let documents: any DocumentStore
        let publisher: any ServicePublisher
        let clock: any WallClock
        let rules: ShadowRules
        let limits: ShadowServiceLimits
        let progress: ShadowProgress
        let logger: Logger
    }

    private static let laneCount = 16

    private let parts: Parts
    private let lanes: [ShadowLane]
    private let refusalsUnderWay = Mutex(0)

    package init(
        documents: any DocumentStore, publisher: any ServicePublisher, clock: any WallClock,
        rules: ShadowRules = ShadowRules(), limits: ShadowServiceLimits = ShadowServiceLimits(), logger: Logger
    ) {
        let parts = Parts(
            documents: documents, publisher: publisher, clock: clock, rules: rules, limits: limits,
            progress: ShadowProgress(), logger: logger)
        self.parts = parts
        lanes = (0..<Self.laneCount).map { ShadowLane(number: $0, parts) }
    }

    /// Publishes what a crash left untold. Before the first request.
    package func repair() async throws(EngineError) {
        let repair = ShadowRepair(documents: parts.documents, publisher: parts.publisher, logger: parts.logger)
        parts.progress.start(at: try await repair.run())
    }

    /// Remembers how far messages have been told. When nothing more comes in.
    package func stop() async {
        guard let progress = parts.progress.last() else { return }
        do throws(EngineError) {
            _ = try await parts.documents.commit([progress])
        } catch {
            parts.logger.warning(
                "the last shadow messages will be published again after the next start", metadata: ["cause": "\(error)"])
        }
    }

    private func lane(_ account: AccountID, _ thing: String) -> ShadowLane {
        lanes[Int(UInt(bitPattern: ThingOfAccount(account: account, thing: thing).hashValue) % UInt(lanes.count))]
    }
}

// MARK: MQTT

extension ShadowService {
    package func receive(_ request: ServiceRequest) {
        guard let topic = ShadowTopic(parsing: request.topic) else { return }
        let account = request.realm.account
        do throws(ShadowRefusal) {
            let job = ShadowJob(
                account: account, name: try topic.name(), operation: topic.operation,
                payload: Array(buffer: request.payload), origin: .mqtt)
            if !lane(account, topic.thing).add(job) { throw .tooManyRequests }
        } catch {
            let token = ShadowTokenRequest.parse(Array(buffer: request.payload)).clientToken
            reject(ShadowError(error, clientToken: token), on: topic.rejected, in: account)
        }
    }

    /// Refusals that are being published at one time; who provokes more hears nothing.
    private static let refusalLimit = 1_000

    private func reject(_ error: ShadowError, on topic: String, in account: AccountID) {
        let isTaken = refusalsUnderWay.withLock { count in
            guard count < Self.refusalLimit else { return false }
            count += 1
            return true
        }
        guard isTaken else { return }
        let payload = error.payload(nowSeconds: parts.clock.now().millisecondsSinceEpoch / 1000)
        Task {
            _ = await parts.publisher.publish(
                [ServiceMessage(topic: topic, payload: ByteBuffer(bytes: payload))], lane: topic, in: account)
            refusalsUnderWay.withLock { $0 -= 1 }
        }
    }
}

// MARK: HTTP

extension ShadowService {
    /// - Returns: the document of the answer.
    func call(
        _ operation: ShadowOperation, _ name: ShadowName, _ payload: [UInt8], in account: AccountID
    ) async throws(ShadowError) -> [UInt8] {
        let lane = lane(account, name.thing)
        return try await withCheckedContinuation { continuation in
            let job = ShadowJob(
                account: account, name: name, operation: operation, payload: payload, origin: .http(continuation))
            if !lane.add(job) { continuation.resume(returning: .failure(ShadowError(.tooManyRequests))) }
        }.get()
    }

    /// Names of a thing's named shadows, in order, after one.
    func names(
        of thing: String, after: String?, limit: Int, in account: AccountID
    ) async throws(EngineError) -> [String] {
        var names: [String] = []
        // The classic shadow has the empty name, which comes first.
        var after = KeySpace.shadow(account, thing: thing, shadow: after ?? "")
        while names.count < limit {
            let page = try await parts.documents.scan(
                prefix: KeySpace.shadows(account, ofThing: thing), after: after, limit: limit)
            for document in page {
                let isDeleted = (try? ShadowRecord(bytes: document.body))?.tombstone != nil
                if !isDeleted, let name = document.key.lastString { names.append(name) }
            }
            guard page.count == limit, let last = page.last else { break }
            after = last.key
        }
        return Array(names.prefix(limit))
    }
}
