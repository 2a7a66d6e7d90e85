package import MartletBase

/// Why the registry does not do what was asked. The API's edge chooses the exception (api-wire.md sections 5 and 11).
package enum RegistryRefusal: Error, Hashable, Sendable, Reason {
    /// `expectedVersion` was given and differs from the current version.
    case versionConflict(thing: String, expected: Int, current: Int)
    case tooManyAttributes(thing: String, count: Int, limit: Int)
    case thingHasPrincipals(thing: String)
    /// UpdateCertificate cannot be used to ask for this status.
    case statusCannotBeRequested(CertificateStatus)
    /// The certificate's present status forbids the new one.
    case statusCannotChange(certificate: CertificateID, from: CertificateStatus, to: CertificateStatus)
    case certificateIsActive(CertificateID)
    case certificateHasThings(CertificateID)
    case certificateHasPolicies(CertificateID)
    /// EXCLUSIVE_THING was asked for, or holds, and the principal has another thing.
    case principalHasOtherThing(principal: String, thing: String, type: ThingPrincipalType)
    /// The principal is attached to this thing with the other type; it must be detached first.
    case attachmentTypeDiffers(principal: String, thing: String, present: ThingPrincipalType)
    case attachedPoliciesLimit(target: String, limit: Int)
    case policyVersionsLimit(policy: String, limit: Int)
    case policyVersionNotFound(policy: String, version: String)
    case policyVersionIsDefault(policy: String, version: Int)
    case policyHasTargets(policy: String)
    case policyHasOtherVersions(policy: String, versions: [Int])

    package var code: String {
        switch self {
        case .versionConflict: "versionConflict"
        case .tooManyAttributes: "tooManyAttributes"
        case .thingHasPrincipals: "thingHasPrincipals"
        case .statusCannotBeRequested: "statusCannotBeRequested"
        case .statusCannotChange: "statusCannotChange"
        case .certificateIsActive: "certificateIsActive"
        case .certificateHasThings: "certificateHasThings"
        case .certificateHasPolicies: "certificateHasPolicies"
        case .principalHasOtherThing: "principalHasOtherThing"
        case .attachmentTypeDiffers: "attachmentTypeDiffers"
        case .attachedPoliciesLimit: "attachedPoliciesLimit"
        case .policyVersionsLimit: "policyVersionsLimit"
        case .policyVersionNotFound: "policyVersionNotFound"
        case .policyVersionIsDefault: "policyVersionIsDefault"
        case .policyHasTargets: "policyHasTargets"
        case .policyHasOtherVersions: "policyHasOtherVersions"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .versionConflict(let thing, let expected, let current):
            [Evidence("thing", thing), Evidence("expectedVersion", expected), Evidence("version", current)]
        case .tooManyAttributes(let thing, let count, let limit):
            [Evidence("thing", thing), Evidence("attributes", count), Evidence("limit", limit)]
        case .thingHasPrincipals(let thing): [Evidence("thing", thing)]
        case .statusCannotBeRequested(let status): [Evidence("newStatus", status.rawValue)]
        case .statusCannotChange(let certificate, let from, let to):
            [
                Evidence("certificate", certificate), Evidence("status", from.rawValue),
                Evidence("newStatus", to.rawValue),
            ]
        case .certificateIsActive(let certificate), .certificateHasThings(let certificate),
            .certificateHasPolicies(let certificate):
            [Evidence("certificate", certificate)]
        case .principalHasOtherThing(let principal, let thing, let type),
            .attachmentTypeDiffers(let principal, let thing, let type):
            [
                Evidence("principal", principal), Evidence("thing", thing),
                Evidence("thingPrincipalType", type.rawValue),
            ]
        case .attachedPoliciesLimit(let target, let limit): [Evidence("target", target), Evidence("limit", limit)]
        case .policyVersionsLimit(let policy, let limit): [Evidence("policy", policy), Evidence("limit", limit)]
        case .policyVersionNotFound(let policy, let version):
            [Evidence("policy", policy), Evidence("version", version)]
        case .policyVersionIsDefault(let policy, let version):
            [Evidence("policy", policy), Evidence("version", version)]
        case .policyHasTargets(let policy): [Evidence("policy", policy)]
        case .policyHasOtherVersions(let policy, let versions):
            [Evidence("policy", policy), Evidence("versions", versions.map(String.init).joined(separator: " "))]
        }
    }

    /// One sentence for the caller of the API, naming what was asked and what stands against it.
    package var message: String {
        switch self {
        case .versionConflict(let thing, let expected, let current):
            "expectedVersion \(expected) does not match the current version \(current) of thing '\(thing)'"
        case .tooManyAttributes(let thing, let count, let limit):
            "thing '\(thing)' would have \(count) attributes; the limit is \(limit)"
        case .thingHasPrincipals(let thing):
            "Cannot delete thing '\(thing)': principals are still attached to it"
        case .statusCannotBeRequested(let status):
            "newStatus '\(status.rawValue)' cannot be set with UpdateCertificate; use ACTIVE, INACTIVE or REVOKED"
        case .statusCannotChange(let certificate, let from, let to):
            "certificate '\(certificate)' is \(from.rawValue) and cannot become \(to.rawValue)"
        case .certificateIsActive(let certificate):
            "Cannot delete certificate '\(certificate)': its status is ACTIVE; deactivate it first"
        case .certificateHasThings(let certificate):
            "Cannot delete certificate '\(certificate)': it is still attached to a thing"
        case .certificateHasPolicies(let certificate):
            "Cannot delete certificate '\(certificate)': policies are still attached to it"
        case .principalHasOtherThing(let principal, let thing, let type):
            "principal '\(principal)' is attached to thing '\(thing)' as \(type.rawValue); "
                + "an EXCLUSIVE_THING attachment allows no other thing, so detach it first"
        case .attachmentTypeDiffers(let principal, let thing, let present):
            "principal '\(principal)' is attached to thing '\(thing)' as \(present.rawValue); "
                + "detach it before attaching it with another thingPrincipalType"
        case .attachedPoliciesLimit(let target, let limit):
            "target '\(target)' already has \(limit) policies, which is the limit"
        case .policyVersionsLimit(let policy, let limit):
            "policy '\(policy)' already has \(limit) versions, which is the limit; delete one first"
        case .policyVersionNotFound(let policy, let version):
            "policy '\(policy)' has no version '\(version)'"
        case .policyVersionIsDefault(let policy, let version):
            "Cannot delete version '\(version)' of policy '\(policy)': it is the default version"
        case .policyHasTargets(let policy):
            "Cannot delete policy '\(policy)': it is still attached to one or more targets"
        case .policyHasOtherVersions(let policy, let versions):
            "Cannot delete policy '\(policy)': it has versions besides the default one: "
                + versions.map(String.init).joined(separator: ", ")
        }
    }
}
