import MQTTCodec
import NIOCore

/// PUBLISH to clients that take topic aliases: the topic goes out once, then its alias stands for it (MQTT 5.0 section
/// 3.3.2.3.4). Such clients pay for an encoding of their own; all others are served from shared bytes.
extension BrokerShard {
    /// Writes a frame of version 5 anew, with an alias where there is one.
    /// - Parameters:
    ///   - frame: the whole frame, or all but its payload.
    ///   - payload: what follows, where it is not in the frame.
    func writeAliased(
        _ frame: UnsafeRawBufferPointer, _ payload: ByteBuffer?, firstByte: UInt8, packetID: UInt16,
        to connection: ClientConnection
    ) {
        let parts = PublishParts(frame, hasPacketID: packetID != 0)
        let inline = UnsafeRawBufferPointer(rebasing: frame[parts.payloadStart...])
        append(
            topic: UnsafeRawBufferPointer(rebasing: frame[parts.topic]),
            properties: UnsafeRawBufferPointer(rebasing: frame[parts.properties]), payload: inline, shared: payload,
            flags: firstByte & 0x0F, packetID: packetID, to: connection)
    }

    /// Appends one PUBLISH to the connection's output, in its version and with its aliases.
    func append(
        topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
        shared: ByteBuffer? = nil, flags: UInt8, packetID: UInt16, to connection: ClientConnection
    ) {
        ensureOutput(connection)
        let payloadLength = payload.count + (shared?.readableBytes ?? 0)
        let before = connection.output.byteCount
        withAlias(topic, properties, payloadLength, connection) { topic, properties in
            _ = PublishEncoder.appendHead(
                topic: topic, properties: properties, payloadLength: payloadLength, flags: flags, packetID: packetID,
                version: connection.version, into: &connection.output.tail)
        }
        connection.output.tail.writeBytes(payload)
        if let shared { connection.output.append(shared: shared) }
        counters.publishOut += 1
        counters.publishOutBytes += connection.output.byteCount - before
        markDirty(connection)
    }

    /// Lends the topic and the properties as they go out.
    private func withAlias(
        _ topic: UnsafeRawBufferPointer, _ properties: UnsafeRawBufferPointer, _ payloadLength: Int,
        _ connection: ClientConnection, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        guard let aliases = connection.outboundAliases else { return body(topic, properties) }
        // The property's three bytes may make both lengths of the packet one byte longer.
        let length = PublishEncoder.encodedLength(
            topicLength: topic.count, propertiesLength: properties.count + 3, payloadLength: payloadLength,
            qos: .atLeastOnce, version: .v5)
        let hasRoom = length.map { $0 <= connection.clientPacketBytes } ?? false
        switch aliases.use(topic, hash: broker.topicHasher.hash(topic), mayBegin: hasRoom) {
        case .none: body(topic, properties)
        case .new(let alias): with(alias, properties) { body(topic, $0) }
        case .known(let alias): with(alias, properties) { body(UnsafeRawBufferPointer(start: nil, count: 0), $0) }
        }
    }

    private func with(_ alias: UInt16, _ properties: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var bytes = ByteBufferAllocator().buffer(capacity: properties.count + 3)
        bytes.writeInteger(PropertyIdentifier.topicAlias.rawValue)
        bytes.writeInteger(alias)
        bytes.writeBytes(properties)
        bytes.withUnsafeReadableBytes(body)
    }
}

/// Where the parts of a PUBLISH of version 5 lie that this server has encoded.
private struct PublishParts {
    let topic: Range<Int>
    let properties: Range<Int>
    let payloadStart: Int

    init(_ frame: UnsafeRawBufferPointer, hasPacketID: Bool) {
        let remaining = VariableByteInteger.read(frame, at: 1)?.length ?? 1
        let topicStart = 1 + remaining + 2
        let topicCount = Int(frame[topicStart - 2]) << 8 | Int(frame[topicStart - 1])
        topic = topicStart..<topicStart + topicCount
        let place = topic.upperBound + (hasPacketID ? 2 : 0)
        let (count, width) = VariableByteInteger.read(frame, at: place) ?? (0, 1)
        properties = place + width..<place + width + count
        payloadStart = properties.upperBound
    }
}
