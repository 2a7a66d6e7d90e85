package import IoTPolicy
package import MQTTCodec
package import MartletBase
package import MartletStore

/// Why the server ends a connection that had been accepted, with the evidence. One value decides the DISCONNECT that a
/// v5 client reads, the event that operators read, and whether the will goes out (mqtt-broker.md section 17).
package enum CloseCause: Sendable {
    /// The client sent DISCONNECT with this reason code (0 in 3.1.1).
    case clientDisconnect(ReasonCode)
    /// The transport ended without a DISCONNECT.
    case connectionLost(String)
    case keepAliveTimeout(keepAliveSeconds: Int)
    case takenOver(by: String)
    case malformed(MalformedPacket)
    /// A packet that is well formed and not allowed here.
    case protocolViolation(ReasonCode, String)
    case denied(PolicyDecision)
    /// A topic under `$` that clients may not use, or whose service is not built.
    case reservedTopic(ReservedTopicRefusal)
    case topicNameInvalid(String)
    case limit(LimitExceeded)
    /// What `mqtt.profile: aws` does not have, as AWS does not.
    case notInProfile(ReasonCode, String)
    case lifetimeOver(ConnectionLifetime)
    case principalRevoked(String)
    case connectNoLongerAllowed(PolicyDecision)
    case shutdown
    /// DeleteConnection: the operator wants it gone.
    case deletedByAPI
    /// What has to be kept cannot be written.
    case storeFailed(StoreFailure)
    case serverError(String)
}

/// A named limit that was reached, its number, and what asked for more.
package struct LimitExceeded: Error, Reason {
    package let name: String
    package let limit: Int
    package let asked: Int
    package let reasonCode: ReasonCode

    package init(_ name: String, limit: Int, asked: Int, reasonCode: ReasonCode) {
        self.name = name
        self.limit = limit
        self.asked = asked
        self.reasonCode = reasonCode
    }

    package var code: String { "limitExceeded" }
    package var evidence: [Evidence] {
        [Evidence("limit", name), Evidence("allowed", limit), Evidence("asked", asked)]
    }
}

extension CloseCause: Reason {
    package var code: String {
        switch self {
        case .clientDisconnect: "clientDisconnect"
        case .connectionLost: "connectionLost"
        case .keepAliveTimeout: "keepAliveTimeout"
        case .takenOver: "takenOver"
        case .malformed: "malformedPacket"
        case .protocolViolation: "protocolViolation"
        case .denied: "authorizationFailure"
        case .reservedTopic(let refusal): refusal.code
        case .topicNameInvalid: "topicNameInvalid"
        case .limit(let limit): limit.code
        case .notInProfile: "notInProfile"
        case .lifetimeOver: "lifetimeOver"
        case .principalRevoked: "principalRevoked"
        case .connectNoLongerAllowed: "connectNoLongerAllowed"
        case .shutdown: "shutdown"
        case .deletedByAPI: "deletedByAPI"
        case .storeFailed(let failure): failure.code
        case .serverError: "serverError"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .clientDisconnect(let code): [Evidence("reasonCode", code.rawValue)]
        case .connectionLost(let error), .topicNameInvalid(let error), .principalRevoked(let error),
            .serverError(let error):
            [Evidence("detail", error)]
        case .keepAliveTimeout(let seconds): [Evidence("keepAliveSeconds", seconds)]
        case .takenOver(let address): [Evidence("by", address)]
        case .malformed(let packet): [Evidence("packet", packet)]
        case .protocolViolation(_, let detail): [Evidence("detail", detail)]
        case .denied(let decision), .connectNoLongerAllowed(let decision): decision.evidence
        case .reservedTopic(let refusal): refusal.evidence
        case .limit(let limit): limit.evidence
        case .notInProfile(_, let what): [Evidence("detail", what), Evidence("mqtt.profile", "aws")]
        case .lifetimeOver(let lifetime): [Evidence("seconds", lifetime.seconds)]
        case .shutdown, .deletedByAPI: []
        case .storeFailed(let failure): failure.evidence
        }
    }

    /// The reason code of the DISCONNECT for a v5 client; nil where none is sent.
    package var disconnectReasonCode: ReasonCode? {
        switch self {
        case .clientDisconnect, .connectionLost: nil
        case .keepAliveTimeout: .keepAliveTimeout
        case .takenOver: .sessionTakenOver
        case .malformed(let packet): packet.reasonCode
        case .protocolViolation(let code, _): code
        case .denied, .connectNoLongerAllowed, .principalRevoked: .notAuthorized
        case .reservedTopic(let refusal): refusal.reasonCode
        case .topicNameInvalid: .topicNameInvalid
        case .limit(let limit): limit.reasonCode
        case .notInProfile(let code, _): code
        case .lifetimeOver: .maximumConnectTime
        case .shutdown: .serverShuttingDown
        case .deletedByAPI: .administrativeAction
        case .storeFailed: .quotaExceeded
        case .serverError: .unspecifiedError
        }
    }

    package var disconnectReason: DisconnectReason {
        switch self {
        case .clientDisconnect: .clientInitiatedDisconnect
        case .connectionLost: .connectionLost
        case .keepAliveTimeout: .keepAliveTimeout
        case .takenOver: .duplicateClientID
        case .malformed, .protocolViolation, .reservedTopic, .topicNameInvalid, .notInProfile: .clientError
        case .lifetimeOver(let lifetime): lifetime.reason
        case .denied, .connectNoLongerAllowed, .principalRevoked: .authError
        case .limit(let limit): limit.reasonCode == .quotaExceeded ? .throttled : .clientError
        case .shutdown: .serverInitiatedDisconnect
        case .deletedByAPI: .apiInitiatedDisconnect
        case .serverError, .storeFailed: .serverError
        }
    }

    /// The will goes out on every end but a DISCONNECT of the client with reason code 0
    /// `[MQTT-3.14.4-3]`; v5's 0x04 asks for it.
    package var publishesWill: Bool {
        if case .clientDisconnect(let code) = self { return code != .normalDisconnection }
        return true
    }
}
