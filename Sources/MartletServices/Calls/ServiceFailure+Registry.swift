package import AWSModel
package import IoTDomain
internal import MartletBase
internal import MartletPKI
internal import MartletStore

extension ServiceFailure {
    /// `Thing 'pump7' does not exist`
    static func missing(_ kind: String, _ name: some CustomStringConvertible) -> ServiceFailure {
        .notFound("\(kind) '\(name)' does not exist")
    }

    /// The exception of each refusal of the registry (api-wire.md sections 5 and 11).
    package init(_ refusal: RegistryRefusal) {
        self.init(Self.code(for: refusal), refusal.message)
    }

    private static func code(for refusal: RegistryRefusal) -> String {
        switch refusal {
        case .versionConflict: "VersionConflictException"
        case .tooManyAttributes, .thingHasPrincipals, .statusCannotBeRequested, .principalHasOtherThing,
            .attachmentTypeDiffers:
            "InvalidRequestException"
        case .statusCannotChange, .certificateIsActive: "CertificateStateException"
        case .certificateHasThings, .certificateHasPolicies, .policyVersionIsDefault, .policyHasTargets,
            .policyHasOtherVersions:
            "DeleteConflictException"
        case .attachedPoliciesLimit: "LimitExceededException"
        case .policyVersionsLimit: "VersionsLimitExceededException"
        case .policyVersionNotFound: "ResourceNotFoundException"
        }
    }

    /// The caller's answer to whatever a service function threw; nil for a fault of the server, whose cause belongs in
    /// the log and not in the answer.
    init?(thrown error: any Error) {
        switch error {
        case let failure as ServiceFailure: self = failure
        case let refusal as RegistryRefusal: self.init(refusal)
        case let error as PKIError: self.init(pki: error)
        case let error as EngineError: self.init(engine: error)
        default: return nil
        }
    }

    private init?(pki error: PKIError) {
        switch error {
        case .csrTooLong, .csrMalformed, .csrSignatureInvalid, .csrKeyUnsupported:
            self = .invalidRequest("certificateSigningRequest: \(error.description)")
        case .keyQueueFull: self = .throttling(error.description)
        default: return nil
        }
    }

    private init?(engine error: EngineError) {
        switch error {
        case .conflict: self = .busy
        case .unavailable, .notDurable:
            self.init("ServiceUnavailableException", "The store cannot serve now; try again")
        case .tooLarge(let limit, let maximum):
            self = .invalidRequest("The request needs a document above the limit '\(limit)' of \(maximum)")
        case .compacted: return nil
        }
    }

    /// Bounded attempts at one change all met another change.
    static let busy = ServiceFailure(
        "ServiceUnavailableException", "Other calls kept changing the same resource; try again")
}
