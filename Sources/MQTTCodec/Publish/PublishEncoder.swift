public import NIOCore

/// Writes PUBLISH frames from parts that are bytes already. It copies and does not check: topic and properties come
/// from a frame that was checked, or from `Publish`, which checks.
public enum PublishEncoder {
    /// The first byte's flags. DUP says whether this send is a repetition, whatever the input said [MQTT-3.3.1-3].
    @inlinable public static func flags(qos: QoS, retain: Bool, dup: Bool = false) -> UInt8 {
        (dup ? 0b1000 : 0) | qos.rawValue << 1 | (retain ? 1 : 0)
    }

    /// The Remaining Length of a frame. `propertiesLength` counts without the length prefix and is ignored in 3.1.1.
    @inlinable public static func remainingLength(
        topicLength: Int, propertiesLength: Int, payloadLength: Int, qos: QoS, version: ProtocolVersion
    ) -> Int {
        let head = 2 + topicLength + (qos == .atMostOnce ? 0 : 2) + payloadLength
        guard version == .v5 else { return head }
        return head + VariableByteInteger.length(of: propertiesLength) + propertiesLength
    }

    /// The length of the whole frame, or nil if MQTT cannot express it: a topic beyond 65,535 bytes or a Remaining
    /// Length beyond 268,435,455.
    @inlinable public static func encodedLength(
        topicLength: Int, propertiesLength: Int, payloadLength: Int, qos: QoS, version: ProtocolVersion
    ) -> Int? {
        let remaining = remainingLength(
            topicLength: topicLength, propertiesLength: propertiesLength, payloadLength: payloadLength, qos: qos,
            version: version)
        guard topicLength <= 65_535, remaining <= VariableByteInteger.maximum else { return nil }
        return 1 + VariableByteInteger.length(of: remaining) + remaining
    }

    /// Appends one frame. It begins at the buffer's writer index before the call.
    /// - Parameters:
    ///   - properties: encoded, without their length. Ignored in version 3.1.1.
    ///   - flags: DUP, QoS and RETAIN, as `flags(qos:retain:dup:)` makes them. QoS 3 must not occur.
    ///   - packetID: written at QoS 1 and 2; 0 as a placeholder that `patchPacketID` replaces before sending.
    /// - Returns: nil, and nothing written, where `encodedLength` is nil.
    @inlinable @discardableResult public static func append(
        topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
        flags: UInt8, packetID: UInt16, version: ProtocolVersion, into buffer: inout ByteBuffer
    ) -> EncodedPublish? {
        let qos = QoS(rawValue: (flags >> 1) & 3) ?? .exactlyOnce
        guard
            let length = encodedLength(
                topicLength: topic.count, propertiesLength: properties.count, payloadLength: payload.count, qos: qos,
                version: version)
        else { return nil }
        var packetIDOffset = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            packetIDOffset = writeHead(
                topic: topic, properties: properties, payloadLength: payload.count, flags: flags, packetID: packetID,
                version: version, to: target
            ).packetIDOffset
            copy(payload, to: target, at: length - payload.count)
            return length
        }
        return EncodedPublish(length: length, packetIDOffset: packetIDOffset)
    }

    /// Appends everything of a frame but its payload, which the caller sends right behind as a buffer of its own.
    /// - Returns: the length of the head alone; nil as for `append`.
    @inlinable @discardableResult public static func appendHead(
        topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, payloadLength: Int, flags: UInt8,
        packetID: UInt16, version: ProtocolVersion, into buffer: inout ByteBuffer
    ) -> EncodedPublish? {
        let qos = QoS(rawValue: (flags >> 1) & 3) ?? .exactlyOnce
        guard
            let length = encodedLength(
                topicLength: topic.count, propertiesLength: properties.count, payloadLength: payloadLength, qos: qos,
                version: version)
        else { return nil }
        var head = EncodedPublish(length: 0, packetIDOffset: 0)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length - payloadLength) { target in
            head = writeHead(
                topic: topic, properties: properties, payloadLength: payloadLength, flags: flags, packetID: packetID,
                version: version, to: target)
            return head.length
        }
        return head
    }

    /// Writes one frame to the start of `target`.
    /// - Returns: nil, and nothing written, where `encodedLength` is nil or greater than `target`.
    @inlinable @discardableResult public static func write(
        topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
        flags: UInt8, packetID: UInt16, version: ProtocolVersion, to target: UnsafeMutableRawBufferPointer
    ) -> EncodedPublish? {
        let qos = QoS(rawValue: (flags >> 1) & 3) ?? .exactlyOnce
        guard
            let length = encodedLength(
                topicLength: topic.count, propertiesLength: properties.count, payloadLength: payload.count, qos: qos,
                version: version), length <= target.count
        else { return nil }
        let head = writeHead(
            topic: topic, properties: properties, payloadLength: payload.count, flags: flags, packetID: packetID,
            version: version, to: target)
        copy(payload, to: target, at: head.length)
        return EncodedPublish(length: length, packetIDOffset: head.packetIDOffset)
    }

    /// Replaces a packet identifier. `index` is the buffer index of the frame's first byte plus `packetIDOffset`.
    @inlinable public static func patchPacketID(_ packetID: UInt16, at index: Int, in buffer: inout ByteBuffer) {
        buffer.setInteger(packetID, at: index)
    }

    /// Replaces the packet identifier at `offset` bytes from the start of `bytes`.
    @inlinable public static func patchPacketID(
        _ packetID: UInt16, at offset: Int, in bytes: UnsafeMutableRawBufferPointer
    ) {
        bytes.storeBytes(of: packetID.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Writes all before the payload; the caller has checked that it fits.
    @inlinable @discardableResult public static func writeHead(
        topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, payloadLength: Int, flags: UInt8,
        packetID: UInt16, version: ProtocolVersion, to target: UnsafeMutableRawBufferPointer
    ) -> EncodedPublish {
        guard let base = target.baseAddress else { return EncodedPublish(length: 0, packetIDOffset: 0) }
        let hasPacketID = flags & 0b0110 != 0
        let remaining = remainingLength(
            topicLength: topic.count, propertiesLength: properties.count, payloadLength: payloadLength,
            qos: hasPacketID ? .atLeastOnce : .atMostOnce, version: version)
        base.storeBytes(of: PacketType.publish.rawValue << 4 | flags, as: UInt8.self)
        var place = 1 + VariableByteInteger.write(remaining, to: base + 1)
        base.storeBytes(of: UInt16(truncatingIfNeeded: topic.count).bigEndian, toByteOffset: place, as: UInt16.self)
        copy(topic, to: target, at: place + 2)
        place += 2 + topic.count
        var packetIDOffset = 0
        if hasPacketID {
            packetIDOffset = place
            base.storeBytes(of: packetID.bigEndian, toByteOffset: place, as: UInt16.self)
            place += 2
        }
        if version == .v5 {
            place += VariableByteInteger.write(properties.count, to: base + place)
            copy(properties, to: target, at: place)
            place += properties.count
        }
        return EncodedPublish(length: place, packetIDOffset: packetIDOffset)
    }

    @inlinable static func copy(
        _ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, at place: Int
    ) {
        guard let source = bytes.baseAddress, let base = target.baseAddress, bytes.count > 0 else { return }
        (base + place).copyMemory(from: source, byteCount: bytes.count)
    }
}
