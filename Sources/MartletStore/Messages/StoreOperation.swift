package import NIOCore

/// One thing that a batch does, in words. For engines and tests that are not in a hurry; the log reads its records
/// where they lie.
package enum StoreOperation {
    case put(StoreNumber, RecordKind, revision: UInt64, body: ByteBuffer)
    case remove(StoreNumber, revision: UInt64)
    case append([QueueTarget], body: ByteBuffer)
    case openQueue(StoreNumber)
    case endQueue(StoreNumber)
    case moveCursor(StoreNumber, QueueCursor)
}

extension StoreBatch {
    /// What the batch does, in order; nil where its bytes are no records.
    package var operations: [StoreOperation]? {
        var rest = bytes
        var operations: [StoreOperation] = []
        while rest.readableBytes > 0 {
            guard let length = rest.readInteger(endianness: .little, as: UInt32.self), rest.readInteger(as: UInt32.self) != nil,
                var record = rest.readSlice(length: Int(length)), let operation = StoreOperation(&record)
            else { return nil }
            operations.append(operation)
        }
        return operations
    }
}

extension StoreOperation {
    fileprivate init?(_ record: inout ByteBuffer) {
        guard let type = record.readInteger(as: UInt8.self).flatMap(LogRecord.RecordType.init) else { return nil }
        switch type {
        case .put:
            guard
                let (kind, number, revision) = record.readMultipleIntegers(
                    endianness: .little, as: (UInt8, UInt64, UInt64).self), let kind = RecordKind(rawValue: kind)
            else { return nil }
            self = .put(StoreNumber(number), kind, revision: revision, body: record)
        case .remove:
            guard let (number, revision) = record.readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self)
            else { return nil }
            self = .remove(StoreNumber(number), revision: revision)
        case .message:
            guard let count = record.readInteger(endianness: .little, as: UInt32.self) else { return nil }
            var targets: [QueueTarget] = []
            for _ in 0..<count {
                guard
                    let (queue, _, id, flags) = record.readMultipleIntegers(
                        endianness: .little, as: (UInt64, UInt64, UInt32, UInt8).self)
                else { return nil }
                targets.append(QueueTarget(queue: StoreNumber(queue), subscriptionID: id, flags: flags))
            }
            self = .append(targets, body: record)
        case .openQueue, .endQueue:
            guard let queue = record.readInteger(endianness: .little, as: UInt64.self) else { return nil }
            self = type == .openQueue ? .openQueue(StoreNumber(queue)) : .endQueue(StoreNumber(queue))
        case .cursor:
            guard
                let (queue, settled, sent, count) = record.readMultipleIntegers(
                    endianness: .little, as: (UInt64, UInt64, UInt64, UInt32).self)
            else { return nil }
            var beyond: [UInt64] = []
            for _ in 0..<count {
                guard let sequence = record.readInteger(endianness: .little, as: UInt64.self) else { return nil }
                beyond.append(sequence)
            }
            self = .moveCursor(
                StoreNumber(queue), QueueCursor(settledThrough: settled, sentThrough: sent, settledBeyond: beyond))
        case .void, .mark, .cleaned: return nil
        }
    }
}
