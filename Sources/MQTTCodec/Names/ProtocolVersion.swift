/// The protocol level byte of CONNECT (MQTT 3.1.1 and 5.0, section 3.1.2.2).
@frozen public enum ProtocolVersion: UInt8, Sendable, CaseIterable {
    case v3_1_1 = 4
    case v5 = 5
}
