import IoTDomain
import IoTPolicy
import Logging
import MartletBase
import MartletBroker
import MartletServices
import NIOCore

/// Answers the broker's question what a connection may do, from the registry.
struct RegistryAuthority: ConnectionAuthority {
    private let loader: DeviceAuthorizationLoader
    private let logger: Logger
    /// Nothing in the anonymous principal's policy depends on who connects, so one answer serves all.
    private let anonymous: ConnectionAuthorization

    init(loader: DeviceAuthorizationLoader, anonymous: ServerConfiguration.Anonymous, logger: Logger) {
        self.loader = loader
        self.logger = logger
        let context = PolicyContext(
            realm: Realm(region: "", account: .zero), clientID: nil, sourceIP: "", secureTransport: false)
        self.anonymous = ConnectionAuthorization(
            authorizer: Authorizer(policies: anonymous == .allow ? [.allowAll] : [], context: context), thingName: nil)
    }

    func authorize(
        _ request: AuthorizationRequest, on loop: any EventLoop,
        _ done: @escaping @Sendable (Result<ConnectionAuthorization, ConnectRefusal>) -> Void
    ) {
        guard case .certificate(let id) = request.peer.principal else { return done(.success(anonymous)) }
        Task {
            let result = await authorize(request, id)
            loop.execute { done(result) }
        }
    }

    func isThing(
        _ name: String, in realm: Realm, on loop: any EventLoop, _ done: @escaping @Sendable (Bool) -> Void
    ) {
        Task {
            // What cannot be read is kept: forgetting is what cannot be undone.
            let isThing = (try? await loader.isThing(name, in: realm.account)) ?? true
            loop.execute { done(isThing) }
        }
    }

    private func authorize(
        _ request: AuthorizationRequest, _ id: CertificateID
    ) async -> Result<ConnectionAuthorization, ConnectRefusal> {
        do {
            guard let found = try await loader.load(request.realm, certificate: id, clientID: request.clientID) else {
                return .failure(.certificateNotUsable(status: "not registered"))
            }
            guard found.certificateStatus == .active else {
                return .failure(.certificateNotUsable(status: found.certificateStatus.rawValue))
            }
            let context = PolicyContext(
                realm: request.realm, clientID: request.clientID, sourceIP: request.peer.address,
                domainName: request.peer.serverName, secureTransport: request.peer.isEncrypted, thing: found.thing,
                certificate: found.certificate)
            return .success(
                ConnectionAuthorization(
                    authorizer: Authorizer(policies: found.policies, context: context), thingName: found.thing?.name,
                    exclusiveThingName: found.isExclusivelyAttached ? found.thing?.name : nil))
        } catch {
            logger.error(
                "policies could not be read", metadata: ["certificateId": "\(id)", "cause": "\(error)"])
            return .failure(.serverError("the policies of the certificate could not be read"))
        }
    }
}
