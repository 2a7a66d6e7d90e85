package import MQTTCodec
package import MartletBase

/// Why a `$` topic cannot be used as asked.
package struct ReservedTopicRefusal: Reason {
    package enum Kind: Sendable {
        /// AWS does not let clients do this on the topic, or does not know the topic.
        case notPermitted
        /// The service behind the topic is not built yet.
        case notBuilt
    }

    package let topic: String
    package let area: ReservedTopics.Area
    package let operation: String
    package let kind: Kind

    package var code: String { kind == .notBuilt ? "reservedTopicNotBuilt" : "reservedTopicNotPermitted" }
    package var evidence: [Evidence] {
        [Evidence("topic", topic), Evidence("service", area.rawValue), Evidence("operation", operation)]
    }

    /// PUBACK and DISCONNECT: 0x90, or 0x83 where the service is not built (mqtt-broker.md section 17).
    package var reasonCode: ReasonCode { kind == .notBuilt ? .implementationSpecificError : .topicNameInvalid }
    /// SUBACK: 0x8F, or 0x83.
    package var subscribeReasonCode: ReasonCode {
        kind == .notBuilt ? .implementationSpecificError : .topicFilterInvalid
    }
    /// The reason string of a v5 answer.
    package var sentence: String {
        switch kind {
        case .notPermitted: "clients may not \(operation) on \(topic)"
        case .notBuilt: "\(area.rawValue) is not built yet: \(operation) on \(topic) is refused"
        }
    }
}
