import NIOCore

/// The writer's side of the log, used by one thread at a time: it writes what the loops have submitted as one group, syncs
/// once, makes the index what the group says, and has the loops told.
///
/// When a write or a sync fails, the segment is abandoned where it was last synced, and nothing that was written behind
/// that place is trusted or synced again. What the group had to say is still in memory; `resume` writes it to a new segment.
/// So a batch is late and not lost, and no loop has to undo anything.
final class LogWriter: @unchecked Sendable {
    private let index: SharedIndex
    private let disk: any LogDisk
    private let limits: LogLimits
    private let makeNextNumber: () -> UInt64
    /// Tells a loop.
    private let report: (Int, StoreReport) -> Void
    /// Is told what is damaged, once for each time that it is met.
    private let onDamage: @Sendable (StoreFailure) -> Void
    /// Is told how many submitted bytes do not wait any more.
    private let settled: (Int) -> Void

    private var segments: SegmentWriter
    private var cleaner: LogCleaner
    private var stager: BatchStager
    /// What was written since loops were last told.
    private var group = GroupCommit(loopCount: 0)
    /// What was submitted and is not written: the log is stalled.
    private var pending = CircularBuffer<SubmittedBatch>()
    /// `durability: relaxed`: what loops were told is written, and was not synced yet.
    private var unsynced: [GroupCommit.Unit] = []
    private var unsyncedBytes = 0
    /// So many of these are written where they say that they stand.
    private var writtenUnsynced = 0
    private var compactsThrough: UInt32?
    /// What was live when the full log was last compacted.
    private var liveBytesWhenFull: Int?

    private(set) var condition = StoreCondition.working
    private(set) var counts = MessageStoreStatistics()

    init(
        _ index: SharedIndex, disk: any LogDisk, limits: LogLimits, queues: QueueLimits, crc: CRC32C, recovered: LogRecovery,
        nextNumber: @escaping () -> UInt64, onDamage: @escaping @Sendable (StoreFailure) -> Void,
        settled: @escaping (Int) -> Void, report: @escaping (Int, StoreReport) -> Void
    ) {
        self.index = index
        self.disk = disk
        self.limits = limits
        makeNextNumber = nextNumber
        self.onDamage = onDamage
        self.settled = settled
        self.report = report
        segments = SegmentWriter(disk: disk, limits: limits, crc: crc, recovered: recovered)
        cleaner = LogCleaner(limits: limits, crc: crc)
        stager = BatchStager(limits: queues, crc: crc)
    }

    /// There is something to do although nobody has submitted anything.
    var hasWork: Bool {
        !condition.isStalled && cleaner.isNeeded(index.writers, current: segments.currentNumber, mode: cleaningMode)
    }

    /// Does what a group commit does, with what has come.
    /// - Parameter isClosing: nobody waits for cleaning; the next start goes on with it.
    func turn(_ submitted: inout [SubmittedBatch], loopCount: Int, isClosing: Bool) {
        group.prepare(loop: loopCount - 1)
        for place in submitted.indices { pending.append(submitted[place]) }
        submitted.removeAll(keepingCapacity: true)
        guard !condition.isStalled else { return }
        compactIfFull()
        attempt { () throws(StoreFailure) in try write(isClosing: isClosing) }
    }

    /// Looks whether what is wrong has gone.
    func retry() {
        switch condition {
        case .working: break
        case .full: attempt { () throws(StoreFailure) in prepareSpares() }
        case .stalled: attempt { () throws(StoreFailure) in try resume() }
        }
    }

    /// `durability: relaxed`: syncs what was written since the last time.
    func syncWritten() {
        guard !condition.isStalled else { return }
        attempt { () throws(StoreFailure) in
            try sync()
        }
    }

    /// All that was submitted is durable, or nothing more can be done.
    func close() {
        if condition.isStalled { retry() }
        guard condition.isStalled else {
            return attempt { () throws(StoreFailure) in
                try sync()
                try segments.writeLastMark()
            }
        }
        for place in pending.indices { group.add(pending[place]) }
        pending.removeAll()
        tell(failure: condition.failure)
    }

    private func attempt(_ body: () throws(StoreFailure) -> Void) {
        do throws(StoreFailure) { try body() } catch { stall(error) }
    }
}

// MARK: Groups

extension LogWriter {
    private func write(isClosing: Bool) throws(StoreFailure) {
        let mustClean = !isClosing && hasWork
        // The cleaner copies what the index has, so what was written after that must be in the index first: its copies would
        // come behind it in the log.
        if mustClean || isClosing, !group.isEmpty { try finish() }
        if mustClean { try clean() }
        try writePending()
        let isMuch = group.byteCount > Self.unawaitedBytes
        guard group.isAwaited || mustClean || isMuch || isClosing, !group.isEmpty else { return }
        let cleanedBefore = counts.cleanedSegments
        try finish()
        // A full disk is not asked for room with each group: when some was given back, and once a second.
        if condition == .working || counts.cleanedSegments > cleanedBefore { prepareSpares() }
    }

    private func writePending() throws(StoreFailure) {
        while !pending.isEmpty {
            try makeRoom(pending[pending.startIndex].batch.byteCount)
            // From here on the group has the batch, whether it can be written or not.
            try write(pending.removeFirst())
        }
    }

    /// So much may be written without a sync when nobody waits for it.
    private static let unawaitedBytes = 1 << 20

    private func write(_ entry: consuming SubmittedBatch) throws(StoreFailure) {
        group.add(entry)
        follow(entry)
        defer { stager.early.removeAll(keepingCapacity: true) }
        // Taken out, so that it is changed in place.
        var bytes = entry.batch.takeBytes()
        guard bytes.readableBytes > 0 else { return }
        stager.stage(&bytes, of: entry.loop, index, into: &group)
        group.add(bytes, at: segments.nextLocation)
        try segments.append(bytes)
        group.noteWritten()
    }

    private func follow(_ entry: SubmittedBatch) {
        guard !entry.batch.followings.isEmpty else { return }
        index.withLock { index in
            for following in entry.batch.followings {
                guard let queue = index.queues[following.queue.rawValue] else {
                    stager.early[following.queue.rawValue] = following.follower
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

    /// Makes the group durable, the index what it says, and tells the loops.
    private func finish() throws(StoreFailure) {
        // Nothing may be deleted before its copy is durable, whatever is promised.
        if limits.isRelaxed, !cleaner.isDone, unsyncedBytes < Self.relaxedBytes {
            keepUnsynced()
        } else {
            try sync()
        }
        index.withLock { group.apply(to: &$0) }
        group.collectDeliveries()
        countGroup()
        tell()
        deleteCleaned()
    }

    /// `durability: relaxed` syncs before its time when so much was written.
    private static let relaxedBytes = 16 << 20

    private func keepUnsynced() {
        unsynced += group.units[group.lostUnits]
        writtenUnsynced = unsynced.count
        unsyncedBytes += group.byteCount
    }

    private func sync() throws(StoreFailure) {
        try segments.sync()
        group.markDurable()
        unsynced.removeFirst(writtenUnsynced)
        writtenUnsynced = 0
        if unsynced.isEmpty { unsyncedBytes = 0 }
    }

    private func countGroup() {
        counts.syncs = segments.syncCount
        counts.bytesWritten = segments.byteCount
        counts.groups += 1
        counts.droppedQueueFull += group.told.reduce(0) { $0 + $1.droppedQueueFull }
    }

    private func tell(failure: StoreFailure? = nil) {
        let told = group.told
        settled(group.batchBytes)
        group = GroupCommit(loopCount: told.count)
        for (loop, told) in told.enumerated() where told.isAnswered || !told.deliveries.isEmpty {
            report(
                loop,
                StoreReport(
                    through: told.through, deliveries: told.deliveries, droppedQueueFull: told.droppedQueueFull,
                    condition: condition, failure: failure))
        }
    }

    /// Room for so many bytes at the end of the log, in a new segment if need be.
    private func makeRoom(_ byteCount: Int) throws(StoreFailure) {
        guard byteCount > segments.room else { return }
        // Whole before there is a newer one.
        try sync()
        sealCurrent()
        // A segment whose copies are durable is not needed any more, and may be gone by the time that the new one is.
        let oldest = index.writers.segments.keys.filter { !(cleaner.isDone && $0 == cleaner.victim?.number) }.min()
        let (number, file, size) = try segments.roll(
            for: byteCount, nextStoreNumber: makeNextNumber(), oldestNumber: oldest,
            totalBytes: index.writers.totalBytes)
        index.withLock {
            $0.add(
                number,
                LogIndex.Segment(
                    file: file, byteCount: size, recordsOffset: SegmentHeader.byteCount, recordsEnd: .max))
        }
    }

    private func sealCurrent() {
        guard let (number, end) = segments.currentEnd else { return }
        index.withLock { $0.seal(number, recordsEnd: end) }
    }
}

// MARK: Failure

extension LogWriter {
    private func stall(_ failure: StoreFailure) {
        sealCurrent()
        let isReadFrom = !unsynced.isEmpty
        if let gone = segments.abandon(), !isReadFrom { index.withLock { $0.removeSegment(gone) } }
        group.loseWritten()
        writtenUnsynced = 0
        change(to: .stalled(failure))
    }

    /// Writes to a new segment what the failed one may not have, and goes on.
    private func resume() throws(StoreFailure) {
        while writtenUnsynced < unsynced.count {
            try makeRoom(unsynced[writtenUnsynced].bytes.readableBytes)
            let old = unsynced[writtenUnsynced].location
            unsynced[writtenUnsynced].location = segments.nextLocation
            try segments.append(unsynced[writtenUnsynced].bytes)
            move(unsynced[writtenUnsynced], from: old)
            writtenUnsynced += 1
        }
        for unit in group.lostUnits {
            let bytes = group.units[unit].bytes
            try makeRoom(bytes.readableBytes)
            group.moveUnit(unit, to: segments.nextLocation)
            try segments.append(bytes)
            group.noteWritten(unit)
        }
        try writePending()
        try sync()
        prepareSpares()
        try finish()
    }

    /// The index has the unit's records where they stood in the failed segment.
    private func move(_ unit: GroupCommit.Unit, from old: LogLocation) {
        index.withLock { index in
            unit.bytes.withUnsafeReadableBytes { bytes in
                var offset = 0
                while let view = LogRecordView(unchecked: UnsafeRawBufferPointer(rebasing: bytes[offset...])) {
                    index.move(view, from: old.advanced(by: offset), to: unit.location.advanced(by: offset))
                    offset += view.bytes.count
                }
            }
        }
    }

    private func prepareSpares() {
        do throws(StoreFailure) {
            try segments.prepareSpares(totalBytes: index.writers.totalBytes)
            guard condition != .working else { return }
            (compactsThrough, liveBytesWhenFull) = (nil, nil)
            change(to: .working)
        } catch {
            change(to: .full(error))
        }
    }

    /// All loops are told, whether they wait for something or not.
    private func change(to new: StoreCondition) {
        guard condition != new else { return }
        // While it lasts, how it began is the reason.
        if condition.isStalled, new.isStalled { return }
        condition = new
        for loop in group.told.indices {
            report(loop, StoreReport(through: .zero, deliveries: [], condition: new))
        }
    }
}

// MARK: Cleaning

extension LogWriter {
    private var cleaningMode: LogCleaner.Mode {
        if let compactsThrough { .compacting(through: compactsThrough) } else { .normal }
    }

    /// A full log gives back what it can, and does so again when as much as a segment has been settled since. Not for
    /// less: segments are never filled to the last byte, so a little is always dead.
    private func compactIfFull() {
        guard case .full = condition, compactsThrough == nil else { return }
        let (live, total) = (index.writers.liveBytes, index.writers.totalBytes)
        guard total - live > limits.segmentBytes, live + limits.segmentBytes <= liveBytesWhenFull ?? .max else { return }
        liveBytesWhenFull = live
        compactsThrough = segments.lastNumber
    }

    /// All that is dead up to here is given back, however little it is.
    func compact() {
        compactsThrough = segments.lastNumber
        if !hasWork { compactsThrough = nil }
    }

    /// What is cleaned keeps pace with what is written, so that the log does not outgrow its cleaner.
    private func clean() throws(StoreFailure) {
        let submittedBytes = pending.reduce(0) { $0 + $1.batch.byteCount }
        let worthwhile = min(Self.worthwhileRoom, limits.segmentBytes / 4)
        if segments.room < worthwhile { try makeRoom(worthwhile) }
        let slice: LogCleaner.Slice?
        do throws(StoreFailure) {
            slice = try cleaner.slice(
                index.writers, atLeast: 2 * submittedBytes, room: segments.room, current: segments.currentNumber,
                mode: cleaningMode)
        } catch {
            return stopCleaning(error)
        }
        guard let slice else { return compactsThrough = nil }
        // A record that is larger than a segment.
        try makeRoom(slice.bytes.readableBytes)
        let unit = group.units.count
        for move in slice.moves {
            group.changes.append(.move(from: move.from, to: GroupCommit.Place(unit: unit, offset: move.offset)))
        }
        for number in slice.tombstones { group.changes.append(.dropTombstone(number)) }
        group.add(slice.bytes, at: segments.nextLocation)
        cleaner.accept(slice)
        try segments.append(slice.bytes)
        group.noteWritten()
    }

    /// Below this a new segment is begun for the copies.
    private static let worthwhileRoom = 64 << 10

    /// The copies of the victim's live records are durable: its file can go. That is done after the reports, since nobody
    /// waits for it. A file that cannot be deleted does no harm: the log says that nothing of it counts.
    private func deleteCleaned() {
        guard cleaner.isDone, let victim = cleaner.victim else { return }
        guard index.writers.segments[victim.number]?.liveBytes == 0 else {
            return stopCleaning(
                .corrupt(file: victim.file.name, offset: victim.offset, because: "a record is not what was written"))
        }
        index.withLock { $0.removeSegment(victim.number) }
        cleaner.finish()
        let isDeleted =
            (try? disk.remove(SegmentHeader.fileName(victim.number))) != nil && (try? disk.syncDirectory()) != nil
        if isDeleted { counts.cleanedSegments += 1 } else { counts.undeletedSegments += 1 }
        if !hasWork { compactsThrough = nil }
    }

    /// The log goes on, and grows: what cannot be read is not deleted.
    private func stopCleaning(_ failure: StoreFailure) {
        cleaner.stop(because: failure)
        compactsThrough = nil
        onDamage(failure)
    }
}

extension GroupCommit {
    mutating func add(_ entry: SubmittedBatch) {
        add(entry.ticket, of: entry.loop, byteCount: entry.batch.byteCount, isAwaited: entry.batch.isAwaited)
    }
}
