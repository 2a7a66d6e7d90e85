import IoTDomain
import Logging
import MartletBase
import MartletBroker
import MartletStore
import Synchronization

/// The requests about a share of all things, one after the other. All that wait are done together: their shadows are
/// read, the requests applied in order, the outcome committed at once, and then told in order. So the order of a
/// shadow's messages is that of its versions, and many updates share one sync.
final class ShadowLane: Sendable {
    private struct State {
        var waiting: [ShadowJob] = []
        /// Of all that is not answered.
        var payloadBytes = 0
        var unanswered: [ThingOfAccount: Int] = [:]
        var isRunning = false
        /// Of `shadow.ratePerThing`, by hash of the thing; nil without that limit.
        var rates: KeyedBuckets?
    }

    private let number: Int
    private let parts: ShadowService.Parts
    private let state: Mutex<State>
    private let memory: ShadowMemory

    init(number: Int, _ parts: ShadowService.Parts) {
        self.number = number
        self.parts = parts
        state = Mutex(State(rates: RateLimit(parts.limits.ratePerThing).map { KeyedBuckets($0) }))
        memory = ShadowMemory(parts.documents, parts.limits)
    }

    /// Takes a request over; false when too many wait.
    func add(_ job: ShadowJob) -> Bool {
        let now = UInt64(clamping: parts.clock.now().millisecondsSinceEpoch) * 1_000_000
        let (isTaken, mustStart) = state.withLock { state in
            let unanswered = state.unanswered[job.thing] ?? 0
            guard state.waiting.count < parts.limits.waitingPerLane, unanswered < parts.limits.inflightPerThing,
                state.payloadBytes + job.payload.count <= parts.limits.waitingBytesPerLane,
                state.rates?.take(UInt64(bitPattern: Int64(job.thing.hashValue)), at: now) ?? true
            else { return (false, false) }
            state.waiting.append(job)
            state.payloadBytes += job.payload.count
            state.unanswered[job.thing] = unanswered + 1
            defer { state.isRunning = true }
            return (true, !state.isRunning)
        }
        if mustStart { Task { await run() } }
        return isTaken
    }

    private func run() async {
        while let jobs = take() {
            await work(jobs)
            state.withLock { state in
                for job in jobs {
                    let left = (state.unanswered[job.thing] ?? 1) - 1
                    state.unanswered[job.thing] = left == 0 ? nil : left
                    state.payloadBytes -= job.payload.count
                }
            }
        }
    }

    private func take() -> [ShadowJob]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            let jobs = Array(state.waiting.prefix(parts.limits.requestsPerCommit))
            state.waiting.removeFirst(jobs.count)
            return jobs
        }
    }

    private func work(_ jobs: [ShadowJob]) async {
        let nowSeconds = parts.clock.now().millisecondsSinceEpoch / 1000
        var outcomes: [ShadowOutcome]
        do throws(EngineError) {
            outcomes = try await commitUndisturbed(jobs, nowSeconds)
        } catch {
            parts.logger.error("shadows could not be read or written", metadata: ["cause": "\(error)"])
            memory.forgetAll()
            outcomes = jobs.map { _ in .refused(ShadowError(.storeUnavailable)) }
        }
        let isTold = await tell(jobs, outcomes, nowSeconds)
        parts.progress.finish(lane: number, isTold: isTold)
    }

    /// Nobody else writes shadows; were it so all the same, the requests are done again over what was written.
    private func commitUndisturbed(
        _ jobs: [ShadowJob], _ nowSeconds: Int64
    ) async throws(EngineError) -> [ShadowOutcome] {
        for _ in 1..<Self.attempts {
            do throws(EngineError) {
                return try await commit(jobs, nowSeconds)
            } catch .conflict {
                memory.forgetAll()
            }
        }
        return try await commit(jobs, nowSeconds)
    }

    private static let attempts = 3

    /// - Returns: what became of each request, now durable.
    private func commit(_ jobs: [ShadowJob], _ nowSeconds: Int64) async throws(EngineError) -> [ShadowOutcome] {
        try await memory.load(jobs.map(\.key), parts.logger)
        var batch = ShadowBatch(memory: memory, rules: parts.rules, nowSeconds: nowSeconds)
        let outcomes = jobs.map { batch.run($0) }
        batch.removeExpired(jobs.map(\.key))
        guard !batch.writes.isEmpty else { return outcomes }
        var writes = batch.writes
        if let progress = parts.progress.begin(lane: number) { writes.append(progress) }
        parts.progress.committed(try await parts.documents.commit(writes))
        memory.take(batch.stored)
        return outcomes
    }

    /// Publishes what the outcomes say, account by account, and then answers the calls.
    /// - Returns: false when some could not be kept for those who are away.
    private func tell(_ jobs: [ShadowJob], _ outcomes: [ShadowOutcome], _ nowSeconds: Int64) async -> Bool {
        var messages: [AccountID: [ServiceMessage]] = [:]
        for (job, outcome) in zip(jobs, outcomes) {
            messages[job.account, default: []] += job.messages(outcome, nowSeconds: nowSeconds)
        }
        var isTold = true
        for (account, messages) in messages where !messages.isEmpty {
            isTold = await parts.publisher.publish(messages, lane: "shadows \(number)", in: account) && isTold
        }
        if !isTold { parts.logger.error("shadow messages for kept sessions could not be stored") }
        for (job, outcome) in zip(jobs, outcomes) { job.answer(outcome) }
        return isTold
    }
}
