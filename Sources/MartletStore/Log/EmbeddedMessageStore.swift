import struct NIOConcurrencyHelpers.NIOLockedValueBox
package import NIOCore
import NIOPosix
import Synchronization

/// The message store of one machine: a log of segments with group commit. One thread writes: it takes what all loops
/// have submitted, writes it, syncs once, and tells them; what comes meanwhile is the next group. So the sync under way
/// is the batching window, and there is no timer. Another thread reads.
///
/// Every crash point leaves a log whose end may be torn and whose rest is whole: nothing was acknowledged before its
/// sync had returned (`LogRecovery`). What is dead is given back by copying what is live out of the oldest segment
/// (`LogCleaner`).
package final class EmbeddedMessageStore: MessageStore {
    /// Runs work somewhere, in order. Tests run it when they like.
    package typealias Executor = @Sendable (@escaping @Sendable () -> Void) -> Void

    private struct Inbox {
        var submitted: [SubmittedBatch] = []
        var tickets: [Int: StoreTicket] = [:]
        var reports: [Int: @Sendable (StoreReport) -> Void] = [:]
        var isWriterRunning = false
        /// Nothing can be written: what is submitted does not wake the writer.
        var isStalled = false
        var orders: Orders = []
        var isClosed = false
        var onIdle: [@Sendable () -> Void] = []
    }

    /// What the writer is asked to do beside writing.
    private struct Orders: OptionSet {
        let rawValue: UInt8
        static let retry = Orders(rawValue: 1)
        static let sync = Orders(rawValue: 2)
        static let compact = Orders(rawValue: 4)
        static let close = Orders(rawValue: 8)
    }

    private let inbox: NIOLockedValueBox<Inbox>
    private let index: SharedIndex
    private let nextNumber: NextNumber
    private let waiting: WaitingBytes
    private let counts = NIOLockedValueBox(MessageStoreStatistics())
    private let crc: CRC32C
    private let writer: LogWriter
    private let onDamage: @Sendable (StoreFailure) -> Void
    private let runsWriter: Executor
    private let runsReader: Executor
    private let stop: @Sendable () async -> Void

    private final class WaitingBytes: Sendable {
        let value = Atomic<Int>(0)
    }

    private final class NextNumber: Sendable {
        let value: Atomic<UInt64>
        init(_ value: UInt64) { self.value = Atomic(value) }
    }

    /// Opens the log in a directory, which is made if it is absent.
    /// - Parameters:
    ///   - mustExist: the directory had a log once: one that is not there any more is refused.
    ///   - onProgress: is told how many segments of how many have been read.
    ///   - onDamage: is told, on a thread of the store, of records that are not what was written.
    package static func open(
        directory: String, mustExist: Bool = false, queues: QueueLimits = QueueLimits(), limits: LogLimits = LogLimits(),
        onProgress: (Int, Int) -> Void = { _, _ in }, onDamage: @escaping @Sendable (StoreFailure) -> Void = { _ in }
    ) throws(StoreFailure) -> EmbeddedMessageStore {
        let manifest = directory + "/" + LogManifest.fileName
        // Before the directory is made: what is refused stays as it is.
        if mustExist, (try? SystemFiles.kind(manifest)) == .absent {
            throw .corrupt(file: manifest, offset: 0, because: "it is missing")
        }
        let disk = try SystemLogDisk(directory: directory)
        let threads = (0..<2).map { _ in NIOThreadPool(numberOfThreads: 1) }
        for thread in threads { thread.start() }
        return try EmbeddedMessageStore(
            disk: disk, mustExist: mustExist, queues: queues, limits: limits, onProgress: onProgress, onDamage: onDamage,
            writer: { work in threads[0].submit { _ in work() } },
            reader: { work in threads[1].submit { _ in work() } },
            stop: { for thread in threads { try? await thread.shutdownGracefully() } })
    }

    /// - Parameters:
    ///   - writer: runs one piece of work at a time.
    ///   - stop: called when the store has been closed.
    package init(
        disk: any LogDisk, mustExist: Bool = false, queues: QueueLimits = QueueLimits(), limits: LogLimits = LogLimits(),
        onProgress: (Int, Int) -> Void = { _, _ in }, onDamage: @escaping @Sendable (StoreFailure) -> Void = { _ in },
        writer: @escaping Executor,
        reader: @escaping Executor, stop: @escaping @Sendable () async -> Void = {}
    ) throws(StoreFailure) {
        let crc = CRC32C()
        var recovery = LogRecovery(disk: disk, crc: crc, mustExist: mustExist)
        try recovery.run(onProgress)
        let index = SharedIndex(recovery.index)
        let nextNumber = NextNumber(recovery.nextStoreNumber)
        let inbox = NIOLockedValueBox(Inbox())
        self.crc = crc
        self.index = index
        self.nextNumber = nextNumber
        self.inbox = inbox
        let waiting = WaitingBytes()
        self.waiting = waiting
        self.onDamage = onDamage
        self.writer = LogWriter(
            index, disk: disk, limits: limits, queues: queues, crc: crc, recovered: recovery,
            nextNumber: { nextNumber.value.load(ordering: .relaxed) }, onDamage: onDamage,
            settled: { waiting.value.subtract($0, ordering: .relaxed) },
            report: { loop, report in inbox.withLockedValue { $0.reports[loop] }?(report) })
        runsWriter = writer
        runsReader = reader
        self.stop = stop
    }

    /// Waits until all that was submitted is durable, and stops. What is submitted afterwards fails, and so does what
    /// cannot be written.
    package func close() async {
        await withCheckedContinuation { continuation in
            inbox.withLockedValue { inbox in
                inbox.isClosed = true
                inbox.onIdle.append { continuation.resume() }
            }
            order(.close)
        }
        await stop()
    }

    /// Gives back all room that nothing needs, and returns when that is done.
    package func compact() async {
        await withCheckedContinuation { continuation in
            inbox.withLockedValue { inbox in inbox.onIdle.append { continuation.resume() } }
            order(.compact)
        }
    }

    /// `durability: relaxed`: syncs what was written since the last time.
    package func syncWritten() { order(.sync) }

    package func retry() { order(.retry) }

    private func order(_ order: Orders) {
        let mustStart = inbox.withLockedValue { inbox in
            guard !inbox.isClosed || order == .close else { return false }
            inbox.orders.insert(order)
            defer { inbox.isWriterRunning = true }
            return !inbox.isWriterRunning
        }
        if mustStart { runsWriter { self.write() } }
    }

    /// Runs on the writer's thread until there is nothing to do.
    private func write() {
        while true {
            // Nobody else holds them, so batches are changed in place.
            var submitted: [SubmittedBatch] = []
            let (orders, loopCount, isClosed) = inbox.withLockedValue { inbox in
                swap(&submitted, &inbox.submitted)
                defer { inbox.orders = [] }
                return (inbox.orders, inbox.reports.keys.max().map { $0 + 1 } ?? 0, inbox.isClosed)
            }
            if orders.contains(.retry) { writer.retry() }
            if orders.contains(.sync) { writer.syncWritten() }
            if orders.contains(.compact) { writer.compact() }
            writer.turn(&submitted, loopCount: loopCount, isClosing: isClosed)
            if orders.contains(.close) { writer.close() }
            counts.withLockedValue { $0 = writer.counts }
            if rest() { return }
        }
    }

    /// Whether the writer has nothing more to do.
    private func rest() -> Bool {
        let onIdle: [@Sendable () -> Void]? = inbox.withLockedValue { inbox in
            inbox.isStalled = writer.condition.isStalled
            let hasWork = !inbox.isClosed && writer.hasWork || !inbox.submitted.isEmpty && !inbox.isStalled
            guard inbox.orders.isEmpty, !hasWork else { return nil }
            inbox.isWriterRunning = false
            defer { inbox.onIdle = [] }
            return inbox.onIdle
        }
        for idle in onIdle ?? [] { idle() }
        return onIdle != nil
    }
}

// MARK: The loops' side

extension EmbeddedMessageStore {
    package func makeNumber() -> StoreNumber { StoreNumber(nextNumber.value.add(1, ordering: .relaxed).oldValue) }

    package func attach(loop: Int, _ report: @escaping @Sendable (StoreReport) -> Void) {
        inbox.withLockedValue { $0.reports[loop] = report }
    }

    package func submit(_ batch: StoreBatch, from loop: Int) -> StoreTicket {
        let (ticket, mustStart, closed) = inbox.withLockedValue { inbox in
            let ticket = (inbox.tickets[loop] ?? .zero).next
            inbox.tickets[loop] = ticket
            guard !inbox.isClosed else { return (ticket, false, inbox.reports[loop]) }
            waiting.value.add(batch.byteCount, ordering: .relaxed)
            inbox.submitted.append(SubmittedBatch(loop: loop, ticket: ticket, batch: batch))
            guard !inbox.isStalled else { return (ticket, false, nil) }
            defer { inbox.isWriterRunning = true }
            return (ticket, !inbox.isWriterRunning, nil)
        }
        closed?(StoreReport(through: ticket, deliveries: [], failure: .closed))
        if mustStart { runsWriter { self.write() } }
        return ticket
    }

    package var waitingBytes: Int { waiting.value.load(ordering: .relaxed) }

    package var highestRevision: UInt64 { index.withLock { $0.highestRevision } }

    package var queueNumbers: [StoreNumber] { index.withLock { $0.queues.keys.map { StoreNumber($0) } } }

    package func queue(_ number: StoreNumber) -> QueueState? {
        index.withLock { $0.queues[number.rawValue]?.state }
    }

    package var statistics: MessageStoreStatistics {
        var statistics = counts.withLockedValue { $0 }
        index.withLock { index in
            statistics.liveBytes = index.liveBytes
            statistics.totalBytes = index.totalBytes
            statistics.records = index.liveRecords
            statistics.queues = index.queues.count
            statistics.queuedMessages = index.queues.values.reduce(0) { $0 + $1.messageCount }
        }
        return statistics
    }
}

// MARK: Reading

extension EmbeddedMessageStore {
    package func read(
        _ queue: StoreNumber, after sequence: UInt64, byteLimit: Int,
        _ done: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        runsReader {
            do throws(StoreFailure) {
                done(.success(try self.page(of: queue, after: sequence, byteLimit)))
            } catch {
                done(.failure(error))
            }
        }
    }

    private func page(
        of queue: StoreNumber, after sequence: UInt64, _ byteLimit: Int
    ) throws(StoreFailure) -> QueuePage {
        // The files are held, so that the cleaner may delete them meanwhile.
        let (found, through, last, files) = index.withLock { index in
            guard let state = index.queues[queue.rawValue] else {
                return ([(sequence: UInt64, slot: QueueIndex.Slot)](), sequence, sequence, [UInt32: any LogFile]())
            }
            let (found, through) = state.page(after: sequence, byteLimit: byteLimit)
            var files: [UInt32: any LogFile] = [:]
            for entry in found {
                let segment = entry.slot.location.segment
                if files[segment] == nil { files[segment] = index.segments[segment]?.file }
            }
            return (found, through, state.lastSequence, files)
        }
        var entries: [QueueEntry] = []
        entries.reserveCapacity(found.count)
        for (sequence, slot) in found {
            guard let file = files[slot.location.segment] else { continue }
            do throws(StoreFailure) {
                entries.append(try LogReader.entry(of: queue.rawValue, sequence, slot, in: file, crc))
            } catch .corrupt(let file, let offset, let cause) {
                // Those behind it are whole: one bad block must not keep them from the client for ever.
                onDamage(.corrupt(file: file, offset: offset, because: "\(cause): queue \(queue.rawValue), entry \(sequence)"))
            }
        }
        return QueuePage(entries: entries, coveredThrough: through, lastSequence: last)
    }

    package func forEachRecord(
        _ visit: (StoreNumber, RecordKind, ByteBuffer) throws(StoreFailure) -> Void
    ) throws(StoreFailure) {
        let (records, segments) = index.withLock { ($0.records, $0.segments) }
        // In the order of the log, so that the disk is read from front to back.
        let live = records.filter { $0.value.kind != nil }.sorted { one, other in
            (one.value.location.segment, one.value.location.offset)
                < (other.value.location.segment, other.value.location.offset)
        }
        for (number, record) in live {
            guard let kind = record.kind, let file = segments[record.location.segment]?.file else { continue }
            var bytes = try LogReader.read(file, at: record.location.offset, byteCount: record.recordBytes)
            let isWhole = bytes.withUnsafeReadableBytes { LogRecordView($0, crc)?.type == .put }
            guard isWhole else {
                throw .corrupt(
                    file: file.name, offset: record.location.offset, because: "a record is not what was written")
            }
            bytes.moveReaderIndex(forwardBy: LogRecordView.putBodyOffset)
            try visit(StoreNumber(number), kind, bytes)
        }
    }
}
