/// Quality of service (MQTT 5.0 section 4.3). QoS 2 is not offered, as with AWS IoT Core.
public enum QoS: UInt8, Hashable, Sendable, CaseIterable {
    case atMostOnce = 0
    case atLeastOnce = 1
}
