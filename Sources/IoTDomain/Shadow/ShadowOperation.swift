/// What a client can ask of a shadow; the raw value is the last segment of the request's topic.
package enum ShadowOperation: String, Hashable, Sendable, CaseIterable {
    case get
    case update
    case delete

    package var accepted: ShadowResponse {
        switch self {
        case .get: .getAccepted
        case .update: .updateAccepted
        case .delete: .deleteAccepted
        }
    }

    package var rejected: ShadowResponse {
        switch self {
        case .get: .getRejected
        case .update: .updateRejected
        case .delete: .deleteRejected
        }
    }
}
