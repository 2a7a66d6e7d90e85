package import NIOCore

/// CONNACK (MQTT 3.1.1 and 5.0, section 3.2). Version 3.1.1 return codes are given as the reason codes that say the
/// same.
package struct ConnAck: Hashable, Sendable {
    package var sessionPresent: Bool
    package var reasonCode: ReasonCode
    package var properties: Properties

    package init(sessionPresent: Bool = false, reasonCode: ReasonCode, properties: Properties = .none) {
        self.sessionPresent = sessionPresent
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the body.
    /// - Throws: reserved flags [MQTT-3.2.2-1]; an undefined code [MQTT-3.2.2-8]; Session Present with a failure
    ///   (3.1.1 [MQTT-3.2.2-4], 5.0 [MQTT-3.2.2-6]); faults of the properties.
    package static func decode(
        body: UnsafeRawBufferPointer, version: ProtocolVersion, limits: DecodingLimits = .unlimited
    ) throws(MalformedPacket) -> ConnAck {
        var reader = PacketReader(body)
        let flags = try reader.uint8()
        guard flags <= 1 else { throw MalformedPacket(.connAckReservedFlags, at: 0, value: flags) }
        let reasonCode =
            version == .v5 ? try reader.reasonCode(in: .connAck) : try returnCode(&reader).reasonCode
        guard flags == 0 || reasonCode == .success else {
            throw MalformedPacket(.sessionPresentWithError, at: 0, value: flags)
        }
        let properties =
            version == .v5 ? try Properties.decode(&reader, in: .connAck, limits: limits) : Properties.none
        try reader.finish()
        return ConnAck(sessionPresent: flags == 1, reasonCode: reasonCode, properties: properties)
    }

    private static func returnCode(_ reader: inout PacketReader) throws(MalformedPacket) -> ConnectReturnCode {
        let byte = try reader.uint8()
        guard let code = ConnectReturnCode(rawValue: byte) else {
            throw MalformedPacket(.undefinedReasonCode, at: reader.position - 1, value: byte)
        }
        return code
    }

    /// Appends the frame. A failure never says Session Present.
    /// - Throws: `noReturnCode` where version 3.1.1 has no code and closes without CONNACK [MQTT-3.2.2-6].
    package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(PacketEncodingError) {
        let returnCode = ConnectReturnCode(reasonCode)
        try buffer.writeFrame(.connAck) { (buffer) throws(PacketEncodingError) in
            buffer.writeInteger(sessionPresent && reasonCode == .success ? 1 : 0 as UInt8)
            if version == .v5 {
                buffer.writeInteger(reasonCode.rawValue)
                try properties.encode(into: &buffer)
            } else {
                guard let returnCode else { throw .noReturnCode(reasonCode) }
                buffer.writeInteger(returnCode.rawValue)
            }
        }
    }
}
