package import IoTPolicy
package import MQTTCodec
package import MartletBase
package import MartletStore

/// Why a CONNECT was refused. The wire form for each protocol version follows from it (mqtt-broker.md section 17).
package enum ConnectRefusal: Error, Reason {
    case malformed(MalformedPacket)
    case clientIDInvalid(String)
    /// An empty client id asks for a clean session in 3.1.1 `[MQTT-3.1.3-8]`.
    case emptyClientIDNeedsCleanSession
    case authenticationMethodNotBuilt(String)
    case notAuthenticated(String)
    case certificateNotUsable(status: String)
    /// No user of the password file has this name and password. Which of the two is wrong is not said.
    case badCredentials(user: String)
    /// The password was right once; it has been changed since, or the user is gone.
    case userRevoked(String)
    /// The password file names IoT policies for the user that the account does not have. A Deny may have stood in them.
    case userPolicyMissing(user: String, policies: [String])
    case denied(PolicyDecision)
    case willTopicInvalid(String)
    case willReserved(ReservedTopicRefusal)
    /// A will of QoS 2 under `mqtt.profile: aws`.
    case willQoSNotInProfile
    case limit(LimitExceeded)
    case shuttingDown
    /// The session cannot be put on disk.
    case storeFailed(StoreFailure)
    case serverError(String)

    package var code: String {
        switch self {
        case .malformed: "malformedConnect"
        case .clientIDInvalid, .emptyClientIDNeedsCleanSession: "clientIdentifierNotValid"
        case .authenticationMethodNotBuilt: "authenticationMethodNotBuilt"
        case .notAuthenticated: "notAuthenticated"
        case .certificateNotUsable: "certificateNotUsable"
        case .badCredentials: "badUserNameOrPassword"
        case .userRevoked: "userRevoked"
        case .userPolicyMissing: "userPolicyMissing"
        case .denied: "authorizationFailure"
        case .willTopicInvalid: "willTopicInvalid"
        case .willReserved(let refusal): refusal.code
        case .willQoSNotInProfile: "notInProfile"
        case .limit(let limit): limit.code
        case .shuttingDown: "shutdown"
        case .storeFailed(let failure): failure.code
        case .serverError: "serverError"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .malformed(let packet): [Evidence("packet", packet)]
        case .clientIDInvalid(let detail), .notAuthenticated(let detail), .willTopicInvalid(let detail),
            .serverError(let detail):
            [Evidence("detail", detail)]
        case .emptyClientIDNeedsCleanSession: [Evidence("detail", "an empty client id needs clean session 1")]
        case .authenticationMethodNotBuilt(let method): [Evidence("method", method)]
        case .certificateNotUsable(let status): [Evidence("status", status)]
        case .badCredentials(let user), .userRevoked(let user): [Evidence("user", user)]
        case .userPolicyMissing(let user, let policies):
            [Evidence("user", user), Evidence("missing", policies.joined(separator: " "))]
        case .denied(let decision): decision.evidence
        case .willReserved(let refusal): refusal.evidence
        case .willQoSNotInProfile: [Evidence("detail", "a will of QoS 2"), Evidence("mqtt.profile", "aws")]
        case .limit(let limit): limit.evidence
        case .shuttingDown: []
        case .storeFailed(let failure): failure.evidence
        }
    }

    package var reasonCode: ReasonCode {
        switch self {
        case .malformed(let packet): packet.reasonCode
        case .clientIDInvalid, .emptyClientIDNeedsCleanSession: .clientIdentifierNotValid
        case .authenticationMethodNotBuilt: .badAuthenticationMethod
        case .badCredentials: .badUserNameOrPassword
        case .notAuthenticated, .certificateNotUsable, .userRevoked, .userPolicyMissing, .denied: .notAuthorized
        case .willTopicInvalid: .topicNameInvalid
        case .willReserved(let refusal): refusal.reasonCode
        case .willQoSNotInProfile: .qosNotSupported
        case .limit(let limit): limit.reasonCode
        case .shuttingDown: .serverShuttingDown
        case .storeFailed: .quotaExceeded
        case .serverError: .unspecifiedError
        }
    }

    /// What the event says when the client id had been granted already.
    package var disconnectReason: DisconnectReason {
        switch self {
        case .denied, .notAuthenticated, .certificateNotUsable, .badCredentials, .userRevoked, .userPolicyMissing: .authError
        case .storeFailed, .serverError: .serverError
        case .shuttingDown: .serverInitiatedDisconnect
        case .limit: .throttled
        default: .clientError
        }
    }

    /// The 3.1.1 return code; nil where no code fits and the connection just closes `[MQTT-3.2.2-6]`.
    package var returnCode: ConnectReturnCode? {
        switch self {
        case .malformed(let packet): packet.fault == .protocolVersionUnsupported ? .unacceptableProtocolVersion : nil
        case .clientIDInvalid, .emptyClientIDNeedsCleanSession: .identifierRejected
        case .badCredentials: .badUserNameOrPassword
        case .notAuthenticated, .certificateNotUsable, .userRevoked, .userPolicyMissing, .denied: .notAuthorized
        case .limit, .shuttingDown, .storeFailed, .serverError: .serverUnavailable
        case .authenticationMethodNotBuilt, .willTopicInvalid, .willReserved, .willQoSNotInProfile: nil
        }
    }
}

extension ConnectRefusal {
    /// Too much of something waits: the client may try again (0x97, in 3.1.1 return code 3).
    package static func quota(_ name: String, limit: Int, asked: Int) -> ConnectRefusal {
        .limit(LimitExceeded(name, limit: limit, asked: asked, reasonCode: .quotaExceeded))
    }
}
