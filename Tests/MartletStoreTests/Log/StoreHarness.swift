import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Synchronization

/// A message store under test, with what it has reported.
final class StoreHarness: Sendable {
    let store: any MessageStore
    private let reports = Mutex<[Int: [StoreReport]]>([:])
    private let run: @Sendable () -> Void
    private let found: Found

    final class Found: Sendable {
        private let state = Mutex<[StoreFailure]>([])
        var failures: [StoreFailure] { state.withLock { $0 } }
        func add(_ failure: StoreFailure) { state.withLock { $0.append(failure) } }
    }

    init(_ store: any MessageStore, found: Found = Found(), run: @escaping @Sendable () -> Void = {}) {
        self.store = store
        self.run = run
        self.found = found
        for loop in 0..<2 {
            store.attach(loop: loop) { report in self.reports.withLock { $0[loop, default: []].append(report) } }
        }
    }

    /// Submits and waits until it is durable.
    @discardableResult
    func write(from loop: Int = 0, _ fill: (inout StoreBatch) -> Void) -> StoreTicket {
        let ticket = submit(from: loop, fill)
        run()
        return ticket
    }

    @discardableResult
    func submit(from loop: Int = 0, isAwaited: Bool = true, _ fill: (inout StoreBatch) -> Void) -> StoreTicket {
        var batch = StoreBatch()
        fill(&batch)
        if isAwaited { batch.markAwaited() }
        return store.submit(batch, from: loop)
    }

    func commit() { run() }

    func through(_ loop: Int = 0) -> StoreTicket { reports.withLock { $0[loop]?.map(\.through).max() ?? .zero } }
    func failure(_ loop: Int = 0) -> StoreFailure? { reports.withLock { $0[loop]?.compactMap(\.failure).last } }
    func condition(_ loop: Int = 0) -> StoreCondition { reports.withLock { $0[loop]?.last?.condition ?? .working } }
    /// What the store has found that is not what was written.
    var damage: [StoreFailure] { found.failures }
    func dropped(_ loop: Int = 0) -> Int { reports.withLock { ($0[loop] ?? []).reduce(0) { $0 + $1.droppedQueueFull } } }
    func delivered(_ loop: Int = 0) -> [QueueEntry] { reports.withLock { ($0[loop] ?? []).flatMap(\.deliveries) } }

    func openQueue() -> StoreNumber {
        let queue = store.makeNumber()
        write { $0.openQueue(queue) }
        return queue
    }

    func append(_ text: String, to queues: StoreNumber..., loop: Int = 0, flags: UInt8 = 0) {
        write(from: loop) { $0.append(to: queues.map { QueueTarget(queue: $0, subscriptionID: 7, flags: flags) }) { $0.writeString(text) } }
    }

    func page(_ queue: StoreNumber, after sequence: UInt64 = 0, byteLimit: Int = .max) throws -> QueuePage {
        let result = Mutex<Result<QueuePage, StoreFailure>?>(nil)
        store.read(queue, after: sequence, byteLimit: byteLimit) { page in result.withLock { $0 = page } }
        run()
        guard let page = result.withLock({ $0 }) else { throw StoreFailure.closed }
        return try page.get()
    }

    func texts(_ queue: StoreNumber, after sequence: UInt64 = 0) throws -> [String] {
        try page(queue, after: sequence).entries.map { String(buffer: $0.body) }
    }

    func records() throws -> [StoreNumber: String] {
        var found: [StoreNumber: String] = [:]
        try store.forEachRecord { number, kind, body throws(StoreFailure) in
            found[number] = "\(kind.rawValue):" + String(buffer: body)
        }
        return found
    }
}

extension StoreHarness {
    /// The log on a disk, driven by the test.
    static func log(
        on disk: any LogDisk, mustExist: Bool = false, queues: QueueLimits = QueueLimits(),
        limits: LogLimits = LogLimits()
    ) throws -> StoreHarness {
        let executor = ManualExecutor()
        let found = Found()
        let store = try EmbeddedMessageStore(
            disk: disk, mustExist: mustExist, queues: queues, limits: limits, onDamage: { found.add($0) },
            writer: { executor.add($0) }, reader: { executor.add($0) })
        return StoreHarness(store, found: found) { executor.run() }
    }

    /// Segments so small that a few records fill one.
    static var smallSegments: LogLimits {
        var limits = LogLimits()
        limits.segmentBytes = 2048
        limits.cleaningSlackBytes = 4096
        limits.cleaningSliceBytes = 512
        return limits
    }
}
