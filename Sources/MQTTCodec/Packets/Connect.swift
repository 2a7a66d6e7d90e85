/// CONNECT (MQTT 3.1.1 and 5.0, section 3.1). It carries its own version.
package struct Connect: Hashable, Sendable {
    package var version: ProtocolVersion
    /// Clean Session in version 3.1.1.
    package var cleanStart: Bool
    /// 0 means none.
    package var keepAliveSeconds: UInt16
    /// May be empty; who may send an empty one is the server's decision [MQTT-3.1.3-8].
    package var clientID: MQTTString
    package var will: Will?
    package var userName: MQTTString?
    package var password: [UInt8]?
    package var properties: Properties

    package init(
        version: ProtocolVersion, clientID: MQTTString, cleanStart: Bool = true, keepAliveSeconds: UInt16 = 0,
        will: Will? = nil, userName: MQTTString? = nil, password: [UInt8]? = nil, properties: Properties = .none
    ) {
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        self.keepAliveSeconds = keepAliveSeconds
        self.will = will
        self.userName = userName
        self.password = password
        self.properties = properties
    }

    static let protocolName: [UInt8] = Array("MQTT".utf8)
}
