public import MartletBase

/// Why a device could not do something: at which step, and what a person can do about it.
public enum DeviceError: Error, Hashable, Sendable {
    /// Where the device waited for something outside.
    public enum Step: String, Hashable, Sendable {
        case tcp = "the TCP connection"
        case tls = "the TLS handshake"
        case connAck = "CONNACK"
        case subAck = "SUBACK"
        case pubAck = "PUBACK"
        case pingResp = "PINGRESP"
        case session = "the next packet"
    }

    /// An argument that no server would accept.
    case invalid(argument: String, problem: String)
    /// A certificate or key that cannot be used.
    case credentials(source: String, problem: String)
    case resolve(host: String, problem: String)
    case tcp(host: String, port: Int, problem: String)
    case tls(problem: String)
    case connectRefused(clientID: String, Refusal)
    case subscribeRefused(filter: String, Refusal)
    case publishRefused(topic: String, Refusal)
    /// The server's CONNACK does not allow it: QoS, RETAIN or the packet's size.
    case beyondServerLimit(name: String, value: Int, limit: Int)
    case timeout(Step, seconds: Int)
    /// The connection ended while the device waited.
    case closed(waitingFor: Step, problem: String)
    /// The server sent DISCONNECT.
    case disconnectedByServer(Refusal)
    case protocolViolation(problem: String)
    case tooManyUnanswered(limit: Int)
    case tooManyUnreadMessages(limit: Int)
    /// This side has ended the connection.
    case disconnected
}

extension DeviceError: Reason {
    public var code: String {
        switch self {
        case .invalid: "invalidArgument"
        case .credentials: "credentials"
        case .resolve: "resolve"
        case .tcp: "tcp"
        case .tls: "tls"
        case .connectRefused: "connectRefused"
        case .subscribeRefused: "subscribeRefused"
        case .publishRefused: "publishRefused"
        case .beyondServerLimit: "beyondServerLimit"
        case .timeout: "timeout"
        case .closed: "closed"
        case .disconnectedByServer: "disconnectedByServer"
        case .protocolViolation: "protocolViolation"
        case .tooManyUnanswered: "tooManyUnanswered"
        case .tooManyUnreadMessages: "tooManyUnreadMessages"
        case .disconnected: "disconnected"
        }
    }

    public var evidence: [Evidence] {
        switch self {
        case .invalid(let argument, let problem): [Evidence("argument", argument), Evidence("problem", problem)]
        case .credentials(let source, let problem): [Evidence("source", source), Evidence("problem", problem)]
        case .resolve(let host, let problem): [Evidence("host", host), Evidence("problem", problem)]
        case .tcp(let host, let port, let problem):
            [Evidence("host", host), Evidence("port", port), Evidence("problem", problem)]
        case .tls(let problem), .protocolViolation(let problem): [Evidence("problem", problem)]
        case .connectRefused(let clientID, let refusal):
            [Evidence("clientId", clientID), Evidence("refusal", refusal)]
        case .subscribeRefused(let filter, let refusal):
            [Evidence("filter", filter), Evidence("refusal", refusal)]
        case .publishRefused(let topic, let refusal):
            [Evidence("topic", topic), Evidence("refusal", refusal)]
        case .beyondServerLimit(let name, let value, let limit):
            [Evidence("name", name), Evidence("value", value), Evidence("limit", limit)]
        case .timeout(let step, let seconds): [Evidence("step", step.rawValue), Evidence("seconds", seconds)]
        case .closed(let step, let problem): [Evidence("step", step.rawValue), Evidence("problem", problem)]
        case .disconnectedByServer(let refusal): [Evidence("refusal", refusal)]
        case .tooManyUnanswered(let limit), .tooManyUnreadMessages(let limit): [Evidence("limit", limit)]
        case .disconnected: []
        }
    }
}
