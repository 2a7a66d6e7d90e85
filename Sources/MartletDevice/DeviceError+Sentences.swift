internal import MQTTCodec

extension DeviceError {
    /// One or two sentences: what failed, and what to look at.
    public var description: String {
        switch self {
        case .invalid(let argument, let problem): "The \(argument) cannot be used: \(problem)."
        case .credentials(let source, let problem): "\(source) cannot be used: \(problem)."
        case .resolve(let host, let problem): "The host name \(host) could not be resolved: \(problem)."
        case .tcp(let host, let port, let problem):
            "No connection to \(host):\(port): \(problem). Is the server running, and is this its port?"
        case .tls(let problem): "The TLS handshake failed: \(problem)."
        case .connectRefused(let clientID, let refusal):
            "The server refused CONNECT of client '\(clientID)': \(refusal).\(Self.connectAdvice(refusal))"
        case .subscribeRefused(let filter, let refusal):
            "The server refused to subscribe to '\(filter)': \(refusal).\(Self.topicAdvice(refusal, "iot:Subscribe"))"
        case .publishRefused(let topic, let refusal):
            "The server refused the message to '\(topic)': \(refusal).\(Self.topicAdvice(refusal, "iot:Publish"))"
        case .beyondServerLimit(let name, let value, let limit):
            "The server allows \(name) up to \(limit); this message has \(value)."
        case .timeout(let step, let seconds): "\(step.subject) did not come within \(seconds) seconds."
        case .closed(let step, let problem): "The connection ended before \(step.rawValue): \(problem).\(step.advice)"
        case .disconnectedByServer(let refusal): "The server disconnected: \(refusal)."
        case .protocolViolation(let problem): "The server broke the MQTT protocol: \(problem)."
        case .tooManyUnanswered(let limit):
            "\(limit) requests already wait for the server's answer; wait for some of them first."
        case .tooManyUnreadMessages(let limit):
            "\(limit) messages were waiting to be read, so the connection was ended; read them faster."
        case .disconnected: "This device has disconnected."
        }
    }

    private static func connectAdvice(_ refusal: Refusal) -> String {
        switch refusal.code {
        case .notAuthorized, .badUserNameOrPassword:
            " Check that the certificate is active and that a policy attached to it allows iot:Connect for this client id."
        case .clientIdentifierNotValid: " Choose another client id."
        case .serverUnavailable, .serverBusy, .quotaExceeded, .connectionRateExceeded: " Try again later."
        default: ""
        }
    }

    private static func topicAdvice(_ refusal: Refusal, _ action: String) -> String {
        switch refusal.code {
        case .notAuthorized, .unspecifiedError: " Check that the policy allows \(action) for it."
        default: ""
        }
    }
}

extension DeviceError.Step {
    fileprivate var subject: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    fileprivate var advice: String {
        switch self {
        case .connAck: " The server may not know the certificate, or its policy may not allow iot:Connect."
        case .subAck, .pubAck: " The policy may not allow it: MQTT 3.1.1 servers answer that by closing."
        case .tcp, .tls, .pingResp, .session: ""
        }
    }
}
