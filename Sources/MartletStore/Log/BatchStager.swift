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

    /// - Parameter location: where the batch's first byte will stand.
    func stage(
        _ batch: inout ByteBuffer, of loop: Int, at location: LogLocation, _ index: SharedIndex,
        into group: inout GroupCommit
    ) {
        let start = batch.readerIndex
        let place = group.batches.count
        batch.withUnsafeMutableReadableBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
                guard let view = LogRecordView(unchecked: UnsafeRawBufferPointer(rest)) else { return }
                let record = UnsafeMutableRawBufferPointer(rebasing: rest[..<view.bytes.count])
                let at = LogLocation(segment: location.segment, offset: location.offset + offset)
                stage(view, record, loop, at, place, start + offset, index, &group)
                if offset + record.count < bytes.count { record[LogRecord.headerBytes] |= LogRecord.isContinued }
                let checksum = crc.checksum(UnsafeRawBufferPointer(rebasing: record[LogRecord.headerBytes...]))
                record.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
                offset += record.count
            }
        }
    }

    private func stage(
        _ view: LogRecordView, _ record: UnsafeMutableRawBufferPointer, _ loop: Int, _ location: LogLocation,
        _ batch: Int, _ bufferOffset: Int, _ index: SharedIndex, _ group: inout GroupCommit
    ) {
        switch view.type {
        case .put, .remove:
            stageRecord(view, record, location, index.writers, &group)
        case .openQueue:
            guard index.writers.queues[view.queue] == nil else { return void(record) }
            let queue = QueueIndex(number: view.queue)
            queue.follower = early[view.queue].map { (loop, $0) }
            index.withLock { $0.add(queue) }
            group.changes.append(.open(queue, location, recordBytes: view.bytes.count))
        case .endQueue:
            index.writers.queues[view.queue]?.hasEnded = true
            group.changes.append(.end(view.queue))
        case .cursor:
            guard let queue = index.writers.queues[view.queue], !queue.hasEnded else { return void(record) }
            let cursor = view.cursor
            queue.stageCursor(cursor)
            group.changes.append(.cursor(queue, cursor, location, recordBytes: view.bytes.count))
        case .message:
            stageMessage(view, record, loop, location, batch, bufferOffset, index, &group)
        case .void: break
        }
    }

    private func stageRecord(
        _ view: LogRecordView, _ record: UnsafeMutableRawBufferPointer, _ location: LogLocation, _ index: LogIndex,
        _ group: inout GroupCommit
    ) {
        let number = view.number
        let revision = view.revision
        guard index.accepts(number, revision: revision), revision >= group.revisions[number] ?? 0 else {
            return void(record)
        }
        if revision > 0 { group.revisions[number] = revision }
        if view.type == .remove {
            group.changes.append(.remove(number, revision: revision, location))
        } else {
            group.changes.append(
                .put(
                    number,
                    LogIndex.Record(
                        location: location, recordBytes: view.bytes.count, revision: revision, kind: view.kind)))
        }
    }

    private func stageMessage(
        _ view: LogRecordView, _ record: UnsafeMutableRawBufferPointer, _ loop: Int, _ location: LogLocation,
        _ batch: Int, _ bufferOffset: Int, _ index: SharedIndex, _ group: inout GroupCommit
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
                    subscriptionID: view.targetSubscriptionID(target), flags: view.targetFlags(target), batch: batch,
                    bodyOffset: bufferOffset + view.messageBodyOffset, bodyBytes: bodyBytes))
        }
        guard taken > 0 else { return void(record) }
        group.changes.append(
            .message(location, recordBytes: view.bytes.count, bodyBytes: bodyBytes, targets: taken))
    }

    /// Nothing that a reader should see.
    private func void(_ record: UnsafeMutableRawBufferPointer) {
        record[LogRecord.headerBytes] = LogRecord.RecordType.void.rawValue
    }
}
