import NIOCore

/// Goes through a loop's batch where it lies: gives messages their sequences, leaves out what is superseded or has no
/// room, and notes what the batch will do to the index. The writer's alone.
struct BatchStager {
    let limits: QueueLimits
    let crc: CRC32C
    /// Who follows a queue that the batch itself opens.
    var early: [UInt64: UInt64] = [:]

    init(limits: QueueLimits, crc: CRC32C) {
        self.limits = limits
        self.crc = crc
    }

    /// The batch becomes the group's next unit.
    func stage(_ batch: inout ByteBuffer, of loop: Int, _ index: SharedIndex, into group: inout GroupCommit) {
        let start = batch.readerIndex
        let unit = group.units.count
        batch.withUnsafeMutableReadableBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
                guard let view = LogRecordView(unchecked: UnsafeRawBufferPointer(rest)) else { return }
                let record = UnsafeMutableRawBufferPointer(rebasing: rest[..<view.bytes.count])
                stage(view, record, loop, GroupCommit.Place(unit: unit, offset: offset), start + offset, index, &group)
                if offset + record.count < bytes.count { record[LogRecord.headerBytes] |= LogRecord.isContinued }
                let checksum = crc.checksum(UnsafeRawBufferPointer(rebasing: record[LogRecord.headerBytes...]))
                record.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
                offset += record.count
            }
        }
    }

    private func stage(
        _ view: LogRecordView, _ record: UnsafeMutableRawBufferPointer, _ loop: Int, _ place: GroupCommit.Place,
        _ bufferOffset: Int, _ index: SharedIndex, _ group: inout GroupCommit
    ) {
        switch view.type {
        case .put, .remove:
            stageRecord(view, record, place, index.writers, &group)
        case .openQueue:
            guard index.writers.queues[view.queue] == nil else { return void(record) }
            let queue = QueueIndex(number: view.queue)
            queue.follower = early[view.queue].map { (loop, $0) }
            index.withLock { $0.add(queue) }
            group.changes.append(.open(queue, place, recordBytes: view.bytes.count))
        case .endQueue:
            index.writers.queues[view.queue]?.hasEnded = true
            group.changes.append(.end(view.queue))
        case .cursor:
            guard let queue = index.writers.queues[view.queue], !queue.hasEnded else { return void(record) }
            let cursor = view.cursor
            queue.stageCursor(cursor)
            group.changes.append(.cursor(queue, cursor, place, recordBytes: view.bytes.count))
        case .message:
            stageMessage(view, record, loop, place, bufferOffset, index, &group)
        case .void, .mark, .cleaned: break
        }
    }

    private func stageRecord(
        _ view: LogRecordView, _ record: UnsafeMutableRawBufferPointer, _ place: GroupCommit.Place, _ index: LogIndex,
        _ group: inout GroupCommit
    ) {
        let number = view.number
        let revision = view.revision
        guard index.accepts(number, revision: revision), revision >= group.revisions[number] ?? 0 else {
            return void(record)
        }
        if revision > 0 { group.revisions[number] = revision }
        if view.type == .remove {
            group.changes.append(.remove(number, revision: revision, place))
        } else {
            group.changes.append(
                .put(number, place, recordBytes: view.bytes.count, revision: revision, view.kind))
        }
    }

    private func stageMessage(
        _ view: LogRecordView, _ record: UnsafeMutableRawBufferPointer, _ loop: Int, _ place: GroupCommit.Place,
        _ bufferOffset: Int, _ index: SharedIndex, _ group: inout GroupCommit
    ) {
        let bodyBytes = view.messageBodyBytes
        var taken = 0
        for target in 0..<Int(view.targetCount) {
            guard let queue = index.writers.queues[view.targetQueue(target)], !queue.hasEnded else { continue }
            guard queue.messageCount + queue.stagedMessages < limits.maxMessages,
                queue.byteCount + queue.stagedBytes + bodyBytes <= limits.maxBytes
            else {
                group.told[loop].droppedQueueFull += 1
                continue
            }
            let sequence = queue.stageAppend(bodyBytes: bodyBytes)
            record.storeBytes(
                of: sequence.littleEndian, toByteOffset: view.targetOffset(target) + 8, as: UInt64.self)
            group.appends.append(GroupCommit.Append(queue: queue, sequence: sequence))
            taken += 1
            guard let (follower, token) = queue.follower else { continue }
            group.deliveries.append(
                GroupCommit.Delivery(
                    loop: follower, token: token, queue: queue.number, sequence: sequence,
                    subscriptionID: view.targetSubscriptionID(target), flags: view.targetFlags(target), unit: place.unit,
                    bodyOffset: bufferOffset + view.messageBodyOffset, bodyBytes: bodyBytes))
        }
        guard taken > 0 else { return void(record) }
        group.changes.append(
            .message(place, recordBytes: view.bytes.count, bodyBytes: bodyBytes, targets: taken))
    }

    /// Nothing that a reader should see.
    private func void(_ record: UnsafeMutableRawBufferPointer) {
        record[LogRecord.headerBytes] = LogRecord.RecordType.void.rawValue
    }
}
