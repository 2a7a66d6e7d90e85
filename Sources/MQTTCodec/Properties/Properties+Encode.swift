package import NIOCore

extension Properties {
    /// Length in bytes without the length prefix.
    package var encodedLength: Int { elements.reduce(0) { $0 + 1 + $1.value.encodedLength } }

    /// The encoded properties without their length, as `PublishEncoder` takes them.
    package func encoded() throws(PacketEncodingError) -> ByteBuffer {
        var buffer = ByteBuffer()
        try encodeElements(into: &buffer)
        return buffer
    }

    /// Appends the length, 0 if there are none [MQTT-2.2.2-1], and the properties.
    func encode(into buffer: inout ByteBuffer) throws(PacketEncodingError) {
        let length = encodedLength
        guard length <= VariableByteInteger.maximum else { throw .packetTooLarge(bytes: length) }
        buffer.writeVariableByteInteger(length)
        try encodeElements(into: &buffer)
    }

    private func encodeElements(into buffer: inout ByteBuffer) throws(PacketEncodingError) {
        for element in elements {
            buffer.writeInteger(element.identifier.rawValue)
            switch element.value {
            case .byte(let value): buffer.writeInteger(value)
            case .twoByteInteger(let value): buffer.writeInteger(value)
            case .fourByteInteger(let value): buffer.writeInteger(value)
            case .variableByteInteger(let value):
                guard 1...VariableByteInteger.maximum ~= value else { throw .fieldTooLong(bytes: value) }
                buffer.writeVariableByteInteger(value)
            case .string(let text): try buffer.writeString(text)
            case .binary(let bytes): try buffer.writeBinary(bytes)
            case .stringPair(let name, let value):
                try buffer.writeString(name)
                try buffer.writeString(value)
            }
        }
    }
}
