public import MartletBase

/// Why bytes are not an acceptable packet: what is wrong, where, and how version 5 answers it. Eight bytes without
/// references, so that throwing it costs nothing more than returning.
@frozen public struct MalformedPacket: Error, Reason, Hashable {
    public let fault: Fault
    /// The offending byte where there is one: the protocol level, the flags, the property identifier.
    public let value: UInt8
    /// The packet identifier of a PUBLISH whose topic name is invalid, else 0. Version 5 can answer such a PUBLISH
    /// by PUBACK or PUBREC instead of DISCONNECT (mqtt-broker.md section 17).
    public let packetID: UInt16
    private let storedPlace: UInt32

    public init(_ fault: Fault, at place: Int, value: UInt8 = 0, packetID: UInt16 = 0) {
        self.fault = fault
        self.value = value
        self.packetID = packetID
        self.storedPlace = UInt32(clamping: place)
    }

    /// Offset of the fault in bytes from the first byte of what was parsed.
    public var place: Int { Int(storedPlace) }
    public var code: String { fault.rawValue }
    /// What version 5 says in CONNACK, DISCONNECT or, for a topic filter, SUBACK.
    public var reasonCode: ReasonCode { fault.reasonCode }

    /// The normative statement that the bytes break, such as `MQTT-3.3.1-4`, if there is one in that version.
    public func statement(in version: ProtocolVersion) -> String? {
        version == .v5 ? fault.statements.v5 : fault.statements.v3
    }

    public var evidence: [Evidence] {
        var evidence = [Evidence("offset", place), Evidence("value", value)]
        if let statement = statement(in: .v5) ?? statement(in: .v3_1_1) {
            evidence.append(Evidence("statement", statement))
        }
        return evidence
    }

    /// The same fault seen from `distance` bytes earlier.
    func shifted(by distance: Int) -> MalformedPacket {
        MalformedPacket(fault, at: place + distance, value: value, packetID: packetID)
    }
}
