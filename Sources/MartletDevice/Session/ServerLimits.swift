internal import MQTTCodec

/// What CONNACK says that the device must keep to (MQTT 5.0 section 3.2.2.3). Version 3.1.1 says nothing.
struct ServerLimits: Hashable, Sendable {
    var keepAliveSeconds: UInt16
    var receiveMaximum = 65_535
    var maximumQoS = MQTTCodec.QoS.exactlyOnce
    var retainAvailable = true
    var maximumPacketBytes = Int.max
    var clientID: String
    var sessionPresent: Bool

    init(_ packet: ConnAck, asked configuration: DeviceConfiguration) {
        let properties = packet.properties
        keepAliveSeconds = properties.serverKeepAliveSeconds ?? configuration.keepAliveSeconds
        receiveMaximum = Int(properties.receiveMaximum ?? 65_535)
        maximumQoS = properties.maximumQoS ?? .exactlyOnce
        retainAvailable = properties.retainAvailable ?? true
        maximumPacketBytes = properties.maximumPacketSizeBytes.map { Int($0) } ?? .max
        clientID = properties.assignedClientIdentifier?.string ?? configuration.clientID
        sessionPresent = packet.sessionPresent
    }
}
