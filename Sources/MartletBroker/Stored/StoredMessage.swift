import MartletBase
import NIOCore

/// A message in the store: what a queue entry's body holds. Written from borrowed bytes and read where it lies, since
/// every message for a kept session passes here.
///
/// ```
/// u8 form, i64 milliseconds when it was published, u16 topic length, topic, u32 properties length, properties, payload
/// ```
struct StoredMessage {
    private static let form: UInt8 = 1

    let body: ByteBuffer
    let publishedAt: WallInstant
    private let topicStart: Int
    private let topicCount: Int
    private let propertiesStart: Int
    private let propertiesCount: Int

    /// The message's topic has at most `TopicName.longestBytes` bytes.
    static func write(_ message: OutgoingMessage, at now: WallInstant, into bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(
            form, now.millisecondsSinceEpoch, UInt16(message.topic.count), endianness: .little)
        bytes.writeBytes(message.topic)
        bytes.store(UInt32(message.properties.count))
        bytes.writeBytes(message.properties)
        bytes.writeBytes(message.payload)
    }

    /// nil when it is not what `write` writes.
    init?(_ body: ByteBuffer) {
        var rest = body
        guard
            let (form, time, topicCount) = rest.readMultipleIntegers(
                endianness: .little, as: (UInt8, Int64, UInt16).self), form == Self.form
        else { return nil }
        self.body = body
        publishedAt = WallInstant(millisecondsSinceEpoch: time)
        topicStart = rest.readerIndex - body.readerIndex
        self.topicCount = Int(topicCount)
        guard rest.readableBytes >= Int(topicCount) else { return nil }
        rest.moveReaderIndex(forwardBy: Int(topicCount))
        guard let properties = rest.readInteger(endianness: .little, as: UInt32.self) else { return nil }
        propertiesStart = rest.readerIndex - body.readerIndex
        propertiesCount = Int(properties)
        guard rest.readableBytes >= propertiesCount else { return nil }
    }

    /// Lends topic, properties and payload.
    func withParts<Result>(
        _ body: (
            _ topic: UnsafeRawBufferPointer, _ properties: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer
        ) -> Result
    ) -> Result {
        self.body.withUnsafeReadableBytes { bytes in
            let payloadStart = propertiesStart + propertiesCount
            return body(
                UnsafeRawBufferPointer(rebasing: bytes[topicStart..<topicStart + topicCount]),
                UnsafeRawBufferPointer(rebasing: bytes[propertiesStart..<payloadStart]),
                UnsafeRawBufferPointer(rebasing: bytes[payloadStart...]))
        }
    }
}
