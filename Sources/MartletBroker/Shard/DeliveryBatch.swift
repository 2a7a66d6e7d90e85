import MQTTCodec
import NIOCore

/// Encoded messages and who gets them: what one loop hands to another at the end of its turn, and the scratch pad for
/// targets on the same loop. A message is encoded once per (version, QoS) and batch.
///
/// Handed from loop to loop as a whole, so only one thread holds it at a time: that is why it may be `@unchecked
/// Sendable`.
final class DeliveryBatch: @unchecked Sendable {
    /// Payloads from this size on are shared between targets, not copied for each.
    static let sharedPayloadBytes = 16 << 10

    private var records = PlainArray<DeliveryRecord>()
    private var bytes = PlainArray<UInt8>()
    private(set) var payloads: [ByteBuffer] = []
    private var payloadBytes = 0
    /// By version and QoS; those with Subscription Identifiers are not among them.
    private var variants = [EncodedVariant](repeating: .none, count: 6)
    /// The last one with a Subscription Identifier: many subscribers use the same.
    private var identified = EncodedVariant.none
    private var identifiedKey: (index: Int, subscriptionID: UInt32) = (0, 0)
    /// Scratch: identifiers and properties of one message.
    private var identifiedProperties = PlainArray<UInt8>()
    private var sharedPayloadIndex: Int32 = -1

    var isEmpty: Bool { records.count == 0 }

    /// Its memory has grown beyond what is worth keeping between turns.
    var isLarge: Bool { bytes.capacity + records.capacity * MemoryLayout<DeliveryRecord>.stride > 4 << 20 }

    /// What the batch holds, shared payloads included.
    var byteCount: Int { records.count * MemoryLayout<DeliveryRecord>.stride + bytes.count + payloadBytes }

    func beginMessage() {
        for index in 0..<6 { variants[index] = .none }
        identified = .none
        sharedPayloadIndex = -1
    }

    func reset() {
        records.removeAll()
        bytes.removeAll()
        if !payloads.isEmpty {
            payloads.removeAll()
            payloadBytes = 0
        }
        beginMessage()
    }

    @inline(__always)
    func forEachRecord(_ body: (DeliveryRecord, UnsafeRawBufferPointer) -> Void) {
        for index in 0..<records.count {
            let record = records.base![index]
            body(record, UnsafeRawBufferPointer(bytes.slice(Int(record.frameOffset), Int(record.frameCount))))
        }
    }

    /// Adds one target; false when the packet would be larger than MQTT can say, as with a topic that came by alias.
    /// `target.options` says in which version and with which QoS it gets the message.
    /// - Parameter further: entries whose Subscription Identifiers the message carries too `[MQTT-3.3.4-4]`.
    @inline(__always)
    func append(
        _ message: OutgoingMessage, to target: SubscriptionEntry, further: UnsafeBufferPointer<SubscriptionEntry>
    ) -> Bool {
        let options = target.options
        let qos = min(message.qos, options.qos)
        let isV5 = options.contains(.v5)
        let index = (isV5 ? 3 : 0) + Int(qos)
        let variant: EncodedVariant
        if isV5, target.subscriptionID != 0 {
            guard let encoded = encodeIdentified(message, target, further, index, qos: qos) else { return false }
            variant = encoded
        } else {
            if variants[index].isNone {
                guard let encoded = encode(message, qos: qos, version: isV5 ? .v5 : .v3_1_1) else { return false }
                variants[index] = encoded
            }
            variant = variants[index]
        }
        records.append(
            DeliveryRecord(
                slot: target.subscriber, generation: target.generation, frameOffset: variant.offset,
                frameCount: variant.count, packetIDOffset: variant.packetIDOffset, expiryOffset: variant.expiryOffset,
                topicStart: variant.topicStart, topicCount: UInt32(message.topic.count), payload: variant.payload,
                qos: qos, retain: message.retain && options.contains(.retainAsPublished), topicHash: message.topicHash))
        return true
    }

    private func encode(_ message: OutgoingMessage, qos: UInt8, version: ProtocolVersion) -> EncodedVariant? {
        let properties = version == .v5 ? message.properties : UnsafeRawBufferPointer(start: nil, count: 0)
        return encode(message, properties: properties, qos: qos, version: version)
    }

    private func encodeIdentified(
        _ message: OutgoingMessage, _ target: SubscriptionEntry, _ further: UnsafeBufferPointer<SubscriptionEntry>,
        _ index: Int, qos: UInt8
    ) -> EncodedVariant? {
        if further.isEmpty, !identified.isNone, identifiedKey == (index, target.subscriptionID) { return identified }
        identifiedProperties.removeAll()
        SubscriptionIdentifiers.append(target, further) { identifiedProperties.append($0) }
        let added = identifiedProperties.count
        identifiedProperties.append(message.properties.bindMemory(to: UInt8.self))
        var whole = message
        whole.expiryOffset = message.expiryOffset.map { $0 + added }
        let properties = UnsafeRawBufferPointer(identifiedProperties.slice(0, identifiedProperties.count))
        guard let encoded = encode(whole, properties: properties, qos: qos, version: .v5) else { return nil }
        if further.isEmpty { (identified, identifiedKey) = (encoded, (index, target.subscriptionID)) }
        return encoded
    }

    private func encode(
        _ message: OutgoingMessage, properties: UnsafeRawBufferPointer, qos: UInt8, version: ProtocolVersion
    ) -> EncodedVariant? {
        let isShared = message.payload.count >= Self.sharedPayloadBytes
        if isShared, sharedPayloadIndex < 0 {
            payloads.append(ByteBuffer(bytes: message.payload))
            payloadBytes += message.payload.count
            sharedPayloadIndex = Int32(payloads.count - 1)
        }
        let remaining = PublishEncoder.remainingLength(
            topicLength: message.topic.count, propertiesLength: properties.count,
            payloadLength: message.payload.count, qos: qos == 0 ? .atMostOnce : .atLeastOnce, version: version)
        guard remaining <= VariableByteInteger.maximum, message.topic.count <= TopicName.longestBytes else { return nil }
        let topicStart = 1 + VariableByteInteger.length(of: remaining) + 2
        let headCount = topicStart - 2 + remaining - message.payload.count
        let written = isShared ? headCount : headCount + message.payload.count
        let offset = bytes.count
        bytes.reserve(offset + written)
        let target = UnsafeMutableRawBufferPointer(start: bytes.base! + offset, count: written)
        if isShared {
            PublishEncoder.writeHead(
                topic: message.topic, properties: properties, payloadLength: message.payload.count, flags: qos << 1,
                packetID: 0, version: version, to: target)
        } else {
            PublishEncoder.write(
                topic: message.topic, properties: properties, payload: message.payload, flags: qos << 1, packetID: 0,
                version: version, to: target)
        }
        bytes.setCount(offset + written)
        let expiryOffset = message.expiryOffset.map { UInt32(headCount - properties.count + $0) }
        return EncodedVariant(
            offset: UInt32(offset), count: UInt32(written),
            packetIDOffset: qos == 0 ? 0 : UInt32(topicStart + message.topic.count),
            expiryOffset: version == .v5 ? expiryOffset ?? 0 : 0, topicStart: UInt32(topicStart),
            payload: isShared ? sharedPayloadIndex : -1)
    }
}

/// One target of one message.
struct DeliveryRecord: BitwiseCopyable {
    let slot: UInt32
    let generation: UInt32
    let frameOffset: UInt32
    /// Bytes that stand in the batch: the whole frame, or its header when the payload is shared.
    let frameCount: UInt32
    /// Relative to the frame; 0 at QoS 0.
    let packetIDOffset: UInt32
    /// Relative to the frame; 0 without Message Expiry Interval.
    let expiryOffset: UInt32
    let topicStart: UInt32
    let topicCount: UInt32
    /// Index into the batch's shared payloads; -1 when the frame is whole.
    let payload: Int32
    let qos: UInt8
    let retain: Bool
    let topicHash: UInt64
}

private struct EncodedVariant: BitwiseCopyable {
    var offset: UInt32
    var count: UInt32
    var packetIDOffset: UInt32
    var expiryOffset: UInt32
    var topicStart: UInt32
    var payload: Int32

    static let none = EncodedVariant(
        offset: 0, count: 0, packetIDOffset: 0, expiryOffset: 0, topicStart: 0, payload: -1)
    var isNone: Bool { count == 0 }
}
