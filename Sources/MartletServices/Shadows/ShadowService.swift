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
        let (told, stored) = try await repair.run()
        parts.progress.start(at: told, stored: stored)
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
            try checkSize(request.payload.readableBytes)
            let job = ShadowJob(
                account: account, name: try topic.name(), operation: topic.operation,
                payload: Array(buffer: request.payload), origin: .mqtt)
            if !lane(account, topic.thing).add(job) { throw .tooManyRequests }
        } catch {
            reject(request, because: error, on: topic.rejected)
        }
    }

    private func checkSize(_ bytes: Int) throws(ShadowRefusal) {
        let limit = parts.limits.requestBytes
        guard bytes <= limit else { throw .tooLarge(bytes: bytes, limit: limit) }
    }

    /// Refusals that are being published at one time; who provokes more hears nothing.
    private static let refusalLimit = 1_000

    /// Reads the request for its token only where nobody waits for it, and not at all when it is too large.
    private func reject(_ request: ServiceRequest, because refusal: ShadowRefusal, on topic: String) {
        let isTaken = refusalsUnderWay.withLock { count in
            guard count < Self.refusalLimit else { return false }
            count += 1
            return true
        }
        guard isTaken else { return }
        let nowSeconds = parts.clock.now().millisecondsSinceEpoch / 1000
        let isReadable = request.payload.readableBytes <= parts.limits.requestBytes
        let text = isReadable ? request.payload : ByteBuffer()
        let account = request.realm.account
        Task {
            let token = ShadowTokenRequest.parse(Array(buffer: text)).clientToken
            let payload = ShadowError(refusal, clientToken: token).payload(nowSeconds: nowSeconds)
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
        do throws(ShadowRefusal) { try checkSize(payload.count) } catch { throw ShadowError(error) }
        let lane = lane(account, name.thing)
        return try await withCheckedContinuation { continuation in
            let job = ShadowJob(
                account: account, name: name, operation: operation, payload: payload, origin: .http(continuation))
            if !lane.add(job) { continuation.resume(returning: .failure(ShadowError(.tooManyRequests))) }
        }.get()
    }

    /// Names of a thing's named shadows, in order, after one.
    /// - Returns: at most `limit` names, fewer when very many deleted shadows lie between; `next` is where the list
    ///   goes on, nil at its end.
    package func names(
        of thing: String, after: String?, limit: Int, in account: AccountID
    ) async throws(EngineError) -> (names: [String], next: String?) {
        var names: [String] = []
        // The classic shadow has the empty name, which comes first.
        var last = after ?? ""
        var examined = 0
        while true {
            let wanted = limit - names.count + 1
            let page = try await parts.documents.scan(
                prefix: KeySpace.shadows(account, ofThing: thing),
                after: KeySpace.shadow(account, thing: thing, shadow: last), limit: wanted)
            for document in page {
                guard names.count < limit, examined < parts.limits.examinedPerList else { return (names, last) }
                guard let name = document.key.lastString else { continue }
                if (try? ShadowRecord(bytes: document.body))?.tombstone == nil { names.append(name) }
                last = name
                examined += 1
            }
            guard page.count == wanted else { return (names, nil) }
        }
    }
}
