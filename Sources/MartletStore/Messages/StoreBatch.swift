package import NIOCore

/// What one loop turn has to write, already in the form of the log (see `LogRecord`), and which queues the loop wants
/// to follow from here on. A value that is filled on the loop and handed over whole.
package struct StoreBatch: Sendable {
    /// A change of who is told of a queue's new entries. Holds for what this batch and later ones append.
    package struct Following: Sendable {
        package let queue: StoreNumber
        /// nil: nobody any more.
        package let follower: UInt64?
    }

    package private(set) var bytes = ByteBuffer()
    package private(set) var followings: [Following] = []
    /// Somebody waits for the batch to be durable. One that nobody waits for is written at once and synced with the next
    /// that somebody does: a sync costs the same for one as for all.
    package private(set) var isAwaited = false

    package init() {}

    package var isEmpty: Bool { bytes.readableBytes == 0 && followings.isEmpty && !isAwaited }
    package var byteCount: Int { bytes.readableBytes }

    /// The records, leaving none.
    mutating func takeBytes() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &bytes)
        return taken
    }

    package mutating func markAwaited() { isAwaited = true }

    package mutating func put(
        _ number: StoreNumber, _ kind: RecordKind, revision: UInt64 = 0, body: (inout ByteBuffer) -> Void
    ) {
        LogRecord.write(.put, into: &bytes) { bytes in
            bytes.writeInteger(kind.rawValue, endianness: .little)
            bytes.writeInteger(number.rawValue, endianness: .little)
            bytes.writeInteger(revision, endianness: .little)
            body(&bytes)
        }
    }

    package mutating func remove(_ number: StoreNumber, revision: UInt64 = 0) {
        LogRecord.write(.remove, into: &bytes) { bytes in
            bytes.writeInteger(number.rawValue, endianness: .little)
            bytes.writeInteger(revision, endianness: .little)
        }
    }

    /// Appends one message to each of the queues. The store gives it its sequences.
    package mutating func append(
        to targets: some Collection<QueueTarget>, body: (inout ByteBuffer) -> Void
    ) {
        // The queues' readers wait for it.
        isAwaited = true
        LogRecord.write(.message, into: &bytes) { bytes in
            bytes.writeInteger(UInt32(targets.count), endianness: .little)
            for target in targets {
                bytes.writeMultipleIntegers(
                    target.queue.rawValue, 0 as UInt64, target.subscriptionID, target.flags, endianness: .little)
            }
            body(&bytes)
        }
    }

    package mutating func openQueue(_ queue: StoreNumber) {
        LogRecord.write(.openQueue, into: &bytes) { $0.writeInteger(queue.rawValue, endianness: .little) }
    }

    package mutating func endQueue(_ queue: StoreNumber) {
        LogRecord.write(.endQueue, into: &bytes) { $0.writeInteger(queue.rawValue, endianness: .little) }
    }

    package mutating func moveCursor(of queue: StoreNumber, to cursor: QueueCursor) {
        LogRecord.write(.cursor, into: &bytes) { bytes in
            bytes.writeMultipleIntegers(
                queue.rawValue, cursor.settledThrough, cursor.sentThrough, UInt32(cursor.settledBeyond.count),
                endianness: .little)
            for sequence in cursor.settledBeyond { bytes.writeInteger(sequence, endianness: .little) }
        }
    }

    /// The loop wants to be told of the queue's new entries, each with this token.
    package mutating func follow(_ queue: StoreNumber, as follower: UInt64) {
        followings.append(Following(queue: queue, follower: follower))
    }

    package mutating func unfollow(_ queue: StoreNumber) {
        followings.append(Following(queue: queue, follower: nil))
    }
}
