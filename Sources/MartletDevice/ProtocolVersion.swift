/// The version of MQTT that a device speaks.
public enum ProtocolVersion: Hashable, Sendable, CaseIterable {
    case v3_1_1
    case v5
}
