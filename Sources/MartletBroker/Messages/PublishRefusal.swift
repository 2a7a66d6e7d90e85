import MQTTCodec
package import MartletBase
package import MartletStore

/// Why a message from outside a connection is not published.
package enum PublishRefusal: Error, Reason {
    case topicInvalid(String)
    case reserved(ReservedTopicRefusal)
    case limit(LimitExceeded)
    /// What has to be kept cannot be written; nil when the failure is known to the log only.
    case storeFailed(StoreFailure?)

    package var code: String {
        switch self {
        case .topicInvalid: "topicNameInvalid"
        case .reserved(let refusal): refusal.code
        case .limit(let limit): limit.code
        case .storeFailed(let failure): failure?.code ?? "storeFailed"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .topicInvalid(let detail): [Evidence("detail", detail)]
        case .reserved(let refusal): refusal.evidence
        case .limit(let limit): limit.evidence
        case .storeFailed(let failure): failure?.evidence ?? []
        }
    }
}

extension LimitExceeded {
    /// What of a message was too much, for callers to whom a reason code says nothing.
    package enum Subject: Sendable {
        case payload, topic
        /// The room for retained messages.
        case room
    }

    package var subject: Subject {
        switch reasonCode {
        case .packetTooLarge: .payload
        case .quotaExceeded: .room
        default: .topic
        }
    }
}
