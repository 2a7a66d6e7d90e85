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

    private struct Submitted {
        let loop: Int
        let ticket: StoreTicket
        var batch: StoreBatch
    }

    private struct Inbox {
        var submitted: [Submitted] = []
        var tickets: [Int: StoreTicket] = [:]
        var reports: [Int: @Sendable (StoreReport) -> Void] = [:]
        var isWriterRunning = false
        var isClosed = false
        var onIdle: [@Sendable () -> Void] = []
    }

    private let inbox = NIOLockedValueBox(Inbox())
    private let index: SharedIndex
    private let nextNumber: Atomic<UInt64>
    private let waiting = Atomic<Int>(0)
    private let counts = NIOLockedValueBox(MessageStoreStatistics())
    /// The writer's own; nobody else touches it.
    private let writer: WriterBox
    private let crc: CRC32C
    private let runsWriter: Executor
    private let runsReader: Executor
    private let stop: @Sendable () async -> Void

    /// What only the writer's thread uses, while it runs and not at the same time in two places.
    private final class WriterBox: @unchecked Sendable {
        var segments: SegmentWriter
        var cleaner: LogCleaner
        var stager: BatchStager
        /// What was written since the last sync.
        var group = GroupCommit(loopCount: 0)
        var failure: StoreFailure?

        init(_ segments: SegmentWriter, _ cleaner: LogCleaner, _ stager: BatchStager) {
            self.segments = segments
            self.cleaner = cleaner
            self.stager = stager
        }
    }

    /// Opens the log in a directory, which is made if it is absent.
    package static func open(
        directory: String, queues: QueueLimits = QueueLimits(), limits: LogLimits = LogLimits()
    ) throws(StoreFailure) -> EmbeddedMessageStore {
        let disk = try SystemLogDisk(directory: directory)
        let threads = (0..<2).map { _ in NIOThreadPool(numberOfThreads: 1) }
        for thread in threads { thread.start() }
        return try EmbeddedMessageStore(
            disk: disk, queues: queues, limits: limits, writer: { work in threads[0].submit { _ in work() } },
            reader: { work in threads[1].submit { _ in work() } },
            stop: { for thread in threads { try? await thread.shutdownGracefully() } })
    }

    /// - Parameters:
    ///   - writer: runs one piece of work at a time.
    ///   - stop: called when the store has been closed.
    package init(
        disk: any LogDisk, queues: QueueLimits = QueueLimits(), limits: LogLimits = LogLimits(),
        writer: @escaping Executor, reader: @escaping Executor, stop: @escaping @Sendable () async -> Void = {}
    ) throws(StoreFailure) {
        crc = CRC32C()
        var recovery = LogRecovery(disk: disk, crc: crc)
        try recovery.run()
        index = SharedIndex(recovery.index)
        nextNumber = Atomic(recovery.nextStoreNumber)
        self.disk = disk
        self.writer = WriterBox(
            SegmentWriter(disk: disk, limits: limits, crc: crc, nextNumber: recovery.nextSegment),
            LogCleaner(limits: limits, crc: crc), BatchStager(limits: queues, crc: crc))
        runsWriter = writer
        runsReader = reader
        self.stop = stop
    }

    private let disk: any LogDisk

    /// Waits until all that was submitted is durable, and stops. What is submitted afterwards fails.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = inbox.withLockedValue { inbox in
                inbox.isClosed = true
                if inbox.isWriterRunning { inbox.onIdle.append { continuation.resume() } }
                return !inbox.isWriterRunning
            }
            if isIdle { continuation.resume() }
        }
        await stop()
    }
}

// MARK: The loops' side

extension EmbeddedMessageStore {
    package func makeNumber() -> StoreNumber { StoreNumber(nextNumber.add(1, ordering: .relaxed).oldValue) }

    package func attach(loop: Int, _ report: @escaping @Sendable (StoreReport) -> Void) {
        inbox.withLockedValue { $0.reports[loop] = report }
    }

    package func submit(_ batch: StoreBatch, from loop: Int) -> StoreTicket {
        let (ticket, mustStart, closed) = inbox.withLockedValue { inbox in
            let ticket = (inbox.tickets[loop] ?? .zero).next
            inbox.tickets[loop] = ticket
            guard !inbox.isClosed else { return (ticket, false, inbox.reports[loop]) }
            waiting.add(batch.byteCount, ordering: .relaxed)
            inbox.submitted.append(Submitted(loop: loop, ticket: ticket, batch: batch))
            defer { inbox.isWriterRunning = true }
            return (ticket, !inbox.isWriterRunning, nil)
        }
        closed?(StoreReport(through: ticket, deliveries: [], failure: .closed))
        if mustStart { runsWriter { self.write() } }
        return ticket
    }

    package var waitingBytes: Int { waiting.load(ordering: .relaxed) }

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
            entries.append(try LogReader.entry(of: queue.rawValue, sequence, slot, in: file, crc))
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

// MARK: The writer

extension EmbeddedMessageStore {
    /// Runs on the writer's thread until nothing waits.
    private func write() {
        while true {
            // Nobody else holds them, so batches are changed in place.
            var submitted: [Submitted] = []
            let (reports, isClosed) = inbox.withLockedValue { inbox in
                swap(&submitted, &inbox.submitted)
                return (inbox.reports, inbox.isClosed)
            }
            // Who closes the store does not wait for cleaning; the next start goes on with it.
            let mustClean = writer.failure == nil && !isClosed && isCleaningNeeded
            let mustSync = mustClean || isClosed && !writer.group.isEmpty
            if submitted.isEmpty, !mustSync {
                let (isIdle, onIdle) = inbox.withLockedValue { inbox in
                    guard inbox.submitted.isEmpty else { return (false, [@Sendable () -> Void]()) }
                    inbox.isWriterRunning = false
                    defer { inbox.onIdle = [] }
                    return (true, inbox.onIdle)
                }
                for idle in onIdle { idle() }
                if isIdle { return }
                continue
            }
            commit(&submitted, reports, mustSync: mustSync)
        }
    }

    private var isCleaningNeeded: Bool {
        writer.cleaner.isNeeded(index.writers, current: writer.segments.currentNumber)
    }

    /// Writes what has come. It is synced when somebody waits for some of it, or when it has become much.
    private func commit(
        _ submitted: inout [Submitted], _ reports: [Int: @Sendable (StoreReport) -> Void], mustSync: Bool
    ) {
        // The cleaner copies what the index has, so what was written after that must be in the index first: its copies would
        // come behind it in the log.
        if mustSync, !writer.group.isEmpty { finish(reports) }
        let submittedBytes = submitted.reduce(0) { $0 + $1.batch.byteCount }
        let isAwaited = submitted.contains(where: \.batch.isAwaited)
        for loop in reports.keys { writer.group.prepare(loop: loop) }
        for entry in submitted { writer.group.add(entry.ticket, of: entry.loop, byteCount: entry.batch.byteCount) }
        waiting.subtract(submittedBytes, ordering: .relaxed)
        if writer.failure == nil {
            do throws(StoreFailure) {
                try clean(submittedBytes: submittedBytes)
                for place in submitted.indices { try write(&submitted[place]) }
            } catch {
                // What has failed may be on disk or not: nothing after it may be acknowledged either.
                writer.failure = error
            }
        }
        guard isAwaited || mustSync || writer.failure != nil || writer.group.byteCount > Self.unsyncedBytes else { return }
        finish(reports)
    }

    private func finish(_ reports: [Int: @Sendable (StoreReport) -> Void]) {
        if writer.failure == nil {
            do throws(StoreFailure) { try sync() } catch { writer.failure = error }
        }
        report(reports)
        deleteCleaned()
    }

    /// So much may be written without a sync when nobody waits for it.
    private static let unsyncedBytes = 1 << 20

    private func report(_ reports: [Int: @Sendable (StoreReport) -> Void]) {
        let group = writer.group
        writer.group = GroupCommit(loopCount: group.told.count)
        for (loop, told) in group.told.enumerated() where told.isAnswered || !told.deliveries.isEmpty {
            reports[loop]?(
                StoreReport(
                    through: told.through, deliveries: told.deliveries, droppedQueueFull: told.droppedQueueFull,
                    failure: writer.failure))
        }
    }

    /// Makes the group durable, and the index what it says.
    private func sync() throws(StoreFailure) {
        try writer.segments.sync()
        index.withLock { writer.group.apply(to: &$0) }
        writer.group.collectDeliveries()
        try checkCleaned()
        let dropped = writer.group.told.reduce(0) { $0 + $1.droppedQueueFull }
        let written = writer.group.batches.reduce(0) { $0 + $1.readableBytes }
        counts.withLockedValue { counts in
            counts.syncs = writer.segments.syncCount
            counts.groups += 1
            counts.bytesWritten += written
            counts.droppedQueueFull += dropped
        }
    }

    private func write(_ entry: inout Submitted) throws(StoreFailure) {
        follow(entry)
        defer { writer.stager.early.removeAll(keepingCapacity: true) }
        // Taken out, so that it is changed in place.
        var bytes = entry.batch.takeBytes()
        guard bytes.readableBytes > 0 else { return }
        let location = try place(bytes.readableBytes)
        writer.stager.stage(&bytes, of: entry.loop, at: location, index, into: &writer.group)
        try writer.segments.append(bytes)
        writer.group.batches.append(bytes)
    }

    private func follow(_ entry: Submitted) {
        guard !entry.batch.followings.isEmpty else { return }
        index.withLock { index in
            for following in entry.batch.followings {
                guard let queue = index.queues[following.queue.rawValue] else {
                    writer.stager.early[following.queue.rawValue] = following.follower
                    continue
                }
                if let follower = following.follower {
                    queue.follower = (entry.loop, follower)
                } else if queue.follower?.loop == entry.loop {
                    // Else another loop has taken the queue over.
                    queue.follower = nil
                }
            }
        }
    }

    private func place(_ byteCount: Int) throws(StoreFailure) -> LogLocation {
        try writer.segments.place(byteCount, nextStoreNumber: nextNumber.load(ordering: .relaxed)) { number, file, size in
            index.withLock { $0.add(file, number: number, byteCount: size) }
        }
    }

    /// What is cleaned keeps pace with what is written, so that the log does not outgrow its cleaner.
    private func clean(submittedBytes: Int) throws(StoreFailure) {
        let (records, tombstones) = try writer.cleaner.slice(
            index.writers, atLeast: 2 * submittedBytes, current: writer.segments.currentNumber)
        for (old, record) in records {
            let new = try place(record.readableBytes)
            try writer.segments.append(record)
            writer.group.changes.append(.move(from: old, to: new, record))
        }
        for number in tombstones { writer.group.changes.append(.dropTombstone(number)) }
    }

    /// The copies of the victim's live records are durable.
    private func checkCleaned() throws(StoreFailure) {
        guard writer.cleaner.isDone, let victim = writer.cleaner.victim else { return }
        // Also where damage looks like the end: what is live behind that place could not be copied.
        guard index.writers.segments[victim.number]?.liveBytes == 0 else {
            throw .corrupt(file: victim.file.name, offset: victim.offset, because: "a record is not what was written")
        }
    }

    /// After the reports, since nobody waits for it. A file that cannot be deleted does no harm: whatever of it a later
    /// start finds has its successor behind it.
    private func deleteCleaned() {
        guard writer.failure == nil, writer.cleaner.isDone, let victim = writer.cleaner.victim else { return }
        index.withLock { $0.removeSegment(victim.number) }
        writer.cleaner.finish()
        let isDeleted =
            (try? disk.remove(SegmentHeader.fileName(victim.number))) != nil && (try? disk.syncDirectory()) != nil
        counts.withLockedValue { counts in
            if isDeleted { counts.cleanedSegments += 1 } else { counts.undeletedSegments += 1 }
        }
    }
}
