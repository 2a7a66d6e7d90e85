public import NIOCore

extension PublishProperties {
    /// Appends the properties as a server forwards them: unaltered and in order [MQTT-3.3.2-4] [MQTT-3.3.2-15]
    /// [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20], without the topic alias [MQTT-3.3.2-7], with
    /// the given expiry in place of the one received, if there was one [MQTT-3.3.2-6].
    /// - Parameter properties: the bytes that this was scanned from.
    @inlinable public func appendForwarded(
        _ properties: UnsafeRawBufferPointer, messageExpiryInterval remaining: UInt32?, into buffer: inout ByteBuffer
    ) {
        let start = buffer.writerIndex
        let aliasStart = topicAlias != 0 ? Int(topicAliasOffset) : properties.count
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: properties[..<aliasStart]))
        if topicAlias != 0 { buffer.writeBytes(UnsafeRawBufferPointer(rebasing: properties[(aliasStart + 3)...])) }
        if messageExpiryInterval != nil, let remaining {
            let offset = Int(messageExpiryOffset)
            let moved = offset > aliasStart ? offset - 3 : offset
            buffer.setInteger(remaining, at: start + moved + 1)
        }
    }
}
