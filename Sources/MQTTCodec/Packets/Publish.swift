package import NIOCore

/// PUBLISH as a whole value, for clients, wills and tests (MQTT 3.1.1 and 5.0, section 3.3). The broker reads
/// `PublishView` and writes with `PublishEncoder`.
package struct Publish: Hashable, Sendable {
    package var topic: MQTTString
    package var payload: ByteBuffer
    package var qos: QoS
    package var retain: Bool
    package var dup: Bool
    /// 0 at QoS 0.
    package var packetID: UInt16
    package var properties: Properties

    package init(
        topic: MQTTString, payload: ByteBuffer = ByteBuffer(), qos: QoS = .atMostOnce, retain: Bool = false,
        dup: Bool = false, packetID: UInt16 = 0, properties: Properties = .none
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.dup = dup
        self.packetID = packetID
        self.properties = properties
    }

    /// Reads one whole frame, from either side. Throws what `PublishView.parse` throws.
    package static func decode(
        frame: UnsafeRawBufferPointer, header: FixedHeader, version: ProtocolVersion,
        limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> Publish {
        let view = try PublishView.parse(frame: frame, header: header, version: version, sender: .server)
        var reader = PacketReader(UnsafeRawBufferPointer(rebasing: frame[view.properties]))
        let properties: Properties
        do throws(MalformedPacket) {
            properties = try Properties.decodeAll(&reader, in: .publish, limits: limits)
        } catch {
            throw error.shifted(by: view.properties.lowerBound)
        }
        return Publish(
            topic: MQTTString(copying: UnsafeRawBufferPointer(rebasing: frame[view.topic])),
            payload: ByteBuffer(bytes: frame[view.payload]), qos: view.qos, retain: view.retain, dup: view.dup,
            packetID: view.packetID, properties: properties)
    }

    /// Appends the frame. DUP is never set at QoS 0 [MQTT-3.3.1-2].
    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        guard qos == .atMostOnce || packetID != 0 else { throw .packetIDZero }
        guard topic.bytes.withUnsafeBytes({ UTF8Validation.fault(in: $0) == nil }) else { throw .invalidString }
        let properties = version == .v5 ? try properties.encoded() : ByteBuffer()
        let flags = PublishEncoder.flags(qos: qos, retain: retain, dup: dup && qos != .atMostOnce)
        let written = topic.bytes.withUnsafeBytes { topic in
            properties.withUnsafeReadableBytes { properties in
                payload.withUnsafeReadableBytes { payload in
                    PublishEncoder.append(
                        topic: topic, properties: properties, payload: payload, flags: flags, packetID: packetID,
                        version: version, into: &buffer)
                }
            }
        }
        guard written != nil else {
            throw topic.count > 65_535
                ? .fieldTooLong(bytes: topic.count)
                : .packetTooLarge(bytes: topic.count + properties.readableBytes + payload.readableBytes)
        }
    }
}
