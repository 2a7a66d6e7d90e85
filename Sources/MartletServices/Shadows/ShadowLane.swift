import IoTDomain
import Logging
import MartletBase
import MartletBroker
import MartletStore
import Synchronization

/// The requests about a share of all things, one after the other. All that wait are done together: their shadows are
/// read, the requests applied in order, the outcome committed at once, and then told in order. So the order of a shadow's
/// messages is that of its versions, and many updates share one sync.
final class ShadowLane: Sendable {
    private struct State {
        var waiting: [ShadowJob] = []
        var unanswered: [ThingOfAccount: Int] = [:]
        var isRunning = false
    }

    /// What the running task remembers; only it looks here.
    private final class Memory: @unchecked Sendable {
        var records: [ShadowKey: ShadowRecord?] = [:]
    }

    private let number: Int
    private let parts: ShadowService.Parts
    private let state = Mutex(State())
    private let memory = Memory()

    init(number: Int, _ parts: ShadowService.Parts) {
        self.number = number
        self.parts = parts
    }

    /// Takes a request over; false when too many wait.
    func add(_ job: ShadowJob) -> Bool {
        let (isTaken, mustStart) = state.withLock { state in
            let unanswered = state.unanswered[job.thing] ?? 0
            guard state.waiting.count < parts.limits.waitingPerLane, unanswered < parts.limits.inflightPerThing else {
                return (false, false)
            }
            state.waiting.append(job)
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
            outcomes = try await commit(jobs, nowSeconds)
        } catch {
            parts.logger.error("shadows could not be read or written", metadata: ["cause": "\(error)"])
            memory.records = [:]
            outcomes = jobs.map { _ in .refused(ShadowError(.internalFailure)) }
        }
        await tell(jobs, outcomes, nowSeconds)
        parts.progress.finish(lane: number)
    }

    /// - Returns: what became of each request, now durable.
    private func commit(_ jobs: [ShadowJob], _ nowSeconds: Int64) async throws(EngineError) -> [ShadowOutcome] {
        if memory.records.count > parts.limits.rememberedPerLane { memory.records = [:] }
        for job in jobs where memory.records[job.key] == nil { memory.records[job.key] = try await read(job.key) }
        var outcomes: [ShadowOutcome] = []
        var changed: [ShadowKey: ShadowRecord] = [:]
        for job in jobs {
            let record = changed[job.key] ?? memory.records[job.key] ?? nil
            let outcome = job.run(record, parts.rules, nowSeconds: nowSeconds)
            if case .changed(let change) = outcome { changed[job.key] = change.record }
            outcomes.append(outcome)
        }
        guard !changed.isEmpty else { return outcomes }
        // No expectation: nobody but this lane writes these documents, and no other process has the directory.
        var writes = changed.map { DocumentWrite.put(KeySpace.shadow($0.key.account, $0.key.name), $0.value.bytes) }
        if let progress = parts.progress.begin(lane: number) { writes.append(progress) }
        parts.progress.committed(try await parts.documents.commit(writes))
        for (key, record) in changed { memory.records[key] = record }
        return outcomes
    }

    private func read(_ key: ShadowKey) async throws(EngineError) -> ShadowRecord? {
        guard let document = try await parts.documents.get(KeySpace.shadow(key.account, key.name)) else { return nil }
        do throws(RecordFormatError) {
            return try ShadowRecord(bytes: document.body)
        } catch {
            throw .unavailable(because: "the shadow \(key.name.displayName) cannot be read: \(error)")
        }
    }

    /// Publishes what the outcomes say, account by account, and then answers the calls.
    private func tell(_ jobs: [ShadowJob], _ outcomes: [ShadowOutcome], _ nowSeconds: Int64) async {
        var messages: [AccountID: [ServiceMessage]] = [:]
        for (job, outcome) in zip(jobs, outcomes) {
            messages[job.account, default: []] += job.messages(outcome, nowSeconds: nowSeconds)
        }
        for (account, messages) in messages where !messages.isEmpty {
            let isKept = await parts.publisher.publish(messages, lane: "shadows \(number)", in: account)
            if !isKept { parts.logger.error("shadow messages for kept sessions could not be stored") }
        }
        for (job, outcome) in zip(jobs, outcomes) { job.answer(outcome) }
    }
}
