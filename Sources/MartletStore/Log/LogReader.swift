import NIOCore

/// Reads records that the index has named.
enum LogReader {
    static func read(_ file: any LogFile, at offset: Int, byteCount: Int) throws(StoreFailure) -> ByteBuffer {
        var failure: StoreFailure?
        var bytes = ByteBufferAllocator().buffer(capacity: byteCount)
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { target in
            do throws(StoreFailure) {
                return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: target[..<byteCount]), at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// The entry of one queue. Its checksum is looked at again: what goes to a client is what was written.
    static func entry(
        of queue: UInt64, _ sequence: UInt64, _ slot: QueueIndex.Slot, in file: any LogFile, _ crc: CRC32C
    ) throws(StoreFailure) -> QueueEntry {
        let offset = slot.location.offset
        let bytes = try read(file, at: offset, byteCount: Int(slot.recordBytes))
        let entry: QueueEntry? = bytes.withUnsafeReadableBytes { record in
            guard let view = LogRecordView(record, crc), view.type == .message,
                let target = (0..<Int(view.targetCount)).first(where: {
                    view.targetQueue($0) == queue && view.targetSequence($0) == sequence
                }),
                let body = bytes.getSlice(at: bytes.readerIndex + view.messageBodyOffset, length: view.messageBodyBytes)
            else { return nil }
            return QueueEntry(
                queue: StoreNumber(queue), sequence: sequence, follower: 0,
                subscriptionID: view.targetSubscriptionID(target), flags: view.targetFlags(target), body: body)
        }
        guard let entry else { throw .corrupt(file: file.name, offset: offset, because: "a message is not what was written") }
        return entry
    }
}
