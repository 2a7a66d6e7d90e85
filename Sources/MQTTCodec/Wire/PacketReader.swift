/// Reads the fields of one packet's body in order. Positions count from the body's first byte.
struct PacketReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    let end: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    private init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var remaining: Int { end - position }
    var isAtEnd: Bool { position == end }

    /// Moves past `count` bytes and returns where they began.
    private mutating func take(_ count: Int) throws(MalformedPacket) -> Int {
        guard remaining >= count else { throw MalformedPacket(.truncatedField, at: position) }
        defer { position += count }
        return position
    }

    mutating func uint8() throws(MalformedPacket) -> UInt8 { bytes[try take(1)] }

    mutating func uint16() throws(MalformedPacket) -> UInt16 {
        UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: try take(2), as: UInt16.self))
    }

    mutating func uint32() throws(MalformedPacket) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: try take(4), as: UInt32.self))
    }

    /// The shortest form only [MQTT-1.5.5-1]; version 3.1.1 has none of these in a body.
    mutating func variableByteInteger() throws(MalformedPacket) -> Int {
        let inReach = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        guard let (value, length) = VariableByteInteger.read(inReach, at: position) else {
            throw MalformedPacket(.truncatedField, at: position)
        }
        guard length > 0, length == VariableByteInteger.length(of: value) else {
            throw MalformedPacket(.malformedVariableByteInteger, at: position)
        }
        position += length
        return value
    }

    mutating func binary() throws(MalformedPacket) -> UnsafeRawBufferPointer {
        let count = Int(try uint16())
        let start = try take(count)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }

    mutating func string() throws(MalformedPacket) -> MQTTString {
        let field = try binary()
        if let (fault, place) = UTF8Validation.fault(in: field) {
            throw MalformedPacket(fault, at: position - field.count + place)
        }
        return MQTTString(copying: field)
    }

    mutating func packetID() throws(MalformedPacket) -> UInt16 {
        let id = try uint16()
        guard id != 0 else { throw MalformedPacket(.packetIDZero, at: position - 2) }
        return id
    }

    mutating func reasonCode(in type: PacketType) throws(MalformedPacket) -> ReasonCode {
        let byte = try uint8()
        guard let code = ReasonCode(rawValue: byte), code.isDefined(in: type) else {
            throw MalformedPacket(.undefinedReasonCode, at: position - 1, value: byte)
        }
        return code
    }

    /// A reader of the next `count` bytes alone, which this one skips.
    mutating func section(_ count: Int) throws(MalformedPacket) -> PacketReader {
        let start = try take(count)
        return PacketReader(bytes, start..<start + count)
    }

    mutating func rest() -> UnsafeRawBufferPointer {
        defer { position = end }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<end])
    }

    func finish() throws(MalformedPacket) {
        guard isAtEnd else { throw MalformedPacket(.trailingBytes, at: position) }
    }
}
