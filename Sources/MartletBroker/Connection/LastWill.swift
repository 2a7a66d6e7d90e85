import MQTTCodec
import NIOCore

/// The message that a client leaves behind, in the form in which it will be published `[MQTT-3.1.2-8]`. An object,
/// since most connections have none and should not carry room for one.
final class LastWill {
    let topic: ByteBuffer
    let payload: ByteBuffer
    /// v5 properties as a PUBLISH carries them, without their length.
    let properties: ByteBuffer
    let qos: UInt8
    let retain: Bool

    init(_ will: Will) {
        topic = ByteBuffer(bytes: will.topic.bytes)
        payload = will.payload
        // A session ends with its connection, so the Will Delay Interval is over at once (3.1.3.2.2).
        var published = will.properties
        published.willDelayIntervalSeconds = nil
        // What was decoded can be encoded again.
        properties = (try? published.encoded()) ?? ByteBuffer()
        qos = will.qos.rawValue
        retain = will.retain
    }
}
