internal import NIOCore

extension ByteBuffer {
    /// Writes a frame around what `body` writes. After an error the buffer is as before.
    mutating func writeFrame(
        _ type: PacketType, body: (inout ByteBuffer) throws(PacketEncodingError) -> Void
    ) throws(PacketEncodingError) {
        let start = writerIndex
        writeInteger(type.firstByte)
        writeInteger(0 as UInt8)
        do throws(PacketEncodingError) {
            try body(&self)
            let length = writerIndex - start - 2
            guard length <= VariableByteInteger.maximum else { throw PacketEncodingError.packetTooLarge(bytes: length) }
            setRemainingLength(length, at: start + 1)
        } catch {
            moveWriterIndex(to: start)
            throw error
        }
    }

    /// Replaces the one byte at `index` by the Remaining Length of the bytes after it, which move up if it is longer.
    private mutating func setRemainingLength(_ length: Int, at index: Int) {
        let width = VariableByteInteger.length(of: length)
        writeRepeatingByte(0, count: width - 1)
        let offset = index - readerIndex
        withUnsafeMutableReadableBytes { bytes in
            guard let place = bytes.baseAddress?.advanced(by: offset) else { return }
            if width > 1 { place.advanced(by: width).copyMemory(from: place.advanced(by: 1), byteCount: length) }
            _ = VariableByteInteger.write(length, to: place)
        }
    }

    mutating func writeVariableByteInteger(_ value: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 4) { bytes in
            bytes.baseAddress.map { VariableByteInteger.write(value, to: $0) } ?? 0
        }
    }

    mutating func writeBinary(_ bytes: [UInt8]) throws(PacketEncodingError) {
        guard let length = UInt16(exactly: bytes.count) else {
            throw PacketEncodingError.fieldTooLong(bytes: bytes.count)
        }
        writeInteger(length)
        writeBytes(bytes)
    }

    mutating func writeString(_ text: MQTTString) throws(PacketEncodingError) {
        guard text.bytes.withUnsafeBytes({ UTF8Validation.fault(in: $0) == nil }) else { throw .invalidString }
        try writeBinary(text.bytes)
    }

    mutating func writePacketID(_ id: UInt16) throws(PacketEncodingError) {
        guard id != 0 else { throw .packetIDZero }
        writeInteger(id)
    }
}
