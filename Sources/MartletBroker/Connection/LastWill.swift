import MQTTCodec
import NIOCore

/// The message that a client leaves behind, in the form in which it will be published `[MQTT-3.1.2-8]`. An object,
/// since most connections have none and should not carry room for one.
final class LastWill: Sendable {
    let topic: ByteBuffer
    let payload: ByteBuffer
    /// v5 properties as a PUBLISH carries them, without their length.
    let properties: ByteBuffer
    let qos: UInt8
    let retain: Bool
    /// The Will Delay Interval: it waits this long, or until the session ends `[MQTT-3.1.3-9]`.
    let delaySeconds: UInt32

    init(_ will: Will) {
        topic = ByteBuffer(bytes: will.topic.bytes)
        payload = will.payload
        var published = will.properties
        published.willDelayIntervalSeconds = nil
        // What was decoded can be encoded again.
        properties = (try? published.encoded()) ?? ByteBuffer()
        qos = will.qos.rawValue
        retain = will.retain
        delaySeconds = will.properties.willDelayIntervalSeconds ?? 0
    }

    init(_ bytes: inout ByteBuffer) throws(StoredFormatError) {
        topic = ByteBuffer(bytes: try bytes.storedBytes().readableBytesView)
        payload = ByteBuffer(bytes: try bytes.storedBytes().readableBytesView)
        properties = ByteBuffer(bytes: try bytes.storedBytes().readableBytesView)
        qos = try bytes.stored()
        retain = try bytes.stored(UInt8.self) != 0
        delaySeconds = try bytes.stored()
    }

    func write(into bytes: inout ByteBuffer) {
        bytes.store(bytes: topic)
        bytes.store(bytes: payload)
        bytes.store(bytes: properties)
        bytes.store(qos)
        bytes.store(UInt8(retain ? 1 : 0))
        bytes.store(delaySeconds)
    }
}
