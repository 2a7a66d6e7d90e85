import MartletBase
import NIOCore

/// A retained message in the store.
enum StoredRetained {
    private static let form: UInt8 = 1

    static func write(_ message: RetainedMessage, of account: AccountID, into bytes: inout ByteBuffer) {
        bytes.store(form)
        bytes.store(text: account.text)
        bytes.store(time: message.storedAt)
        bytes.store(message.qos)
        bytes.store(optional: message.expirySeconds) { $0.store($1) }
        bytes.store(bytes: message.topic)
        bytes.store(bytes: message.properties)
        bytes.writeImmutableBuffer(message.payload)
    }

    static func read(_ body: ByteBuffer) throws(StoredFormatError) -> (AccountID, RetainedMessage) {
        var rest = body
        try rest.expectStored(form: form)
        let account = try rest.storedAccount()
        let time = try rest.storedTime()
        let qos = try rest.stored(UInt8.self)
        let expiry = try rest.storedOptional { bytes throws(StoredFormatError) in try bytes.stored(UInt32.self) }
        let topic = try rest.storedBytes()
        let properties = try rest.storedBytes()
        // Each message has memory of its own, so that one does not keep a whole segment.
        return (
            account,
            RetainedMessage(
                topic: ByteBuffer(bytes: topic.readableBytesView), payload: ByteBuffer(bytes: rest.readableBytesView),
                properties: ByteBuffer(bytes: properties.readableBytesView), qos: qos, storedAt: time,
                expirySeconds: expiry)
        )
    }
}
