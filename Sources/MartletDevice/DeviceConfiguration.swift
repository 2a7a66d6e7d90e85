/// Where a device connects to, as whom and with which limits.
public struct DeviceConfiguration: Sendable {
    public var host: String
    public var port: Int
    /// The MQTT client identifier; usually the thing's name.
    public var clientID: String
    /// Nil connects by plain TCP.
    public var tls: DeviceTLS?
    public var version: ProtocolVersion
    /// The longest silence from this side; a PINGREQ goes out at three quarters of it. 0 means none. A version 5
    /// server may set another value [MQTT-3.1.2-21].
    public var keepAliveSeconds: UInt16
    /// For the TCP connection, and once more for TLS and CONNACK together.
    public var connectTimeoutSeconds: Int
    /// For each answer of the server: SUBACK, PUBACK, PINGRESP.
    public var answerTimeoutSeconds: Int
    /// The longest packet this device takes.
    public var maximumPacketBytes: Int
    /// Messages that wait to be read from `DeviceConnection.messages`. One more ends the connection.
    public var maximumUnreadMessages: Int
    /// QoS 1 messages and subscriptions that wait for the server's answer. A further one is refused.
    public var maximumUnanswered: Int

    public init(host: String, port: Int, clientID: String, tls: DeviceTLS? = nil, version: ProtocolVersion = .v5) {
        self.host = host
        self.port = port
        self.clientID = clientID
        self.tls = tls
        self.version = version
        keepAliveSeconds = Self.defaultKeepAliveSeconds
        connectTimeoutSeconds = Self.defaultConnectTimeoutSeconds
        answerTimeoutSeconds = Self.defaultAnswerTimeoutSeconds
        maximumPacketBytes = Self.defaultMaximumPacketBytes
        maximumUnreadMessages = Self.defaultMaximumUnreadMessages
        maximumUnanswered = Self.defaultMaximumUnanswered
    }

    public static let defaultKeepAliveSeconds: UInt16 = 60
    public static let defaultConnectTimeoutSeconds = 10
    public static let defaultAnswerTimeoutSeconds = 10
    public static let defaultMaximumPacketBytes = 1 << 20
    public static let defaultMaximumUnreadMessages = 1_000
    public static let defaultMaximumUnanswered = 100
}
