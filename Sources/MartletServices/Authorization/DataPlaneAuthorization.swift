internal import AWSModel
internal import IoTDomain
internal import IoTPolicy
package import Logging
internal import MartletBase

/// Decides what the caller of a data-plane operation over HTTP may do (policies.md section 3, architecture.md "Policies
/// on the hot path"): certificates by their IoT policies, signed requests of the dev profile anything, and who shows
/// nothing what the configuration says.
package struct DataPlaneAuthorization: Sendable {
    private let loader: DeviceAuthorizationLoader?
    private let allowsAnonymous: Bool
    private let logger: Logger

    /// - Parameter loader: nil where no certificate can come.
    package init(loader: DeviceAuthorizationLoader?, allowsAnonymous: Bool, logger: Logger) {
        self.loader = loader
        self.allowsAnonymous = allowsAnonymous
        self.logger = logger
    }

    /// Returns when the caller may.
    /// - Parameters:
    ///   - resource: what follows the action's resource type in the ARN: `lamp`, `lamp/config`.
    ///   - keys: condition keys of this request, such as `iot:IncludeSocketInformation`.
    func check(
        _ action: DataPlaneAction, on resource: String, _ call: CallContext, keys: [String: [String]] = [:]
    ) async throws {
        switch call.caller {
        case .iam: return
        case .anonymous:
            guard allowsAnonymous else { throw Self.forbidden }
        case .certificate(let id):
            guard let loader, let found = try await loader.load(call.realm, certificate: id, clientID: nil),
                found.certificateStatus == .active
            else { throw Self.forbidden }
            let context = PolicyContext(
                realm: call.realm, clientID: nil, sourceIP: call.sourceAddress, secureTransport: true,
                thing: found.thing, certificate: found.certificate)
            let decision = Authorizer(policies: found.policies, context: context)
                .decide(action, name: resource, extra: keys, now: call.now)
            guard !decision.isAllowed else { return }
            logger.notice(
                "call denied",
                metadata: [
                    "action": "\(action)", "resource": "\(resource)", "principal": "\(id)",
                    "decision": "\(decision.description)", "requestId": "\(call.requestID)",
                ])
            throw Self.forbidden
        }
    }

    private static let forbidden = ServiceFailure(code: "ForbiddenException", status: 403, message: "Forbidden")
}
