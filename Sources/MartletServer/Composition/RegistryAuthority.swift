import IoTDomain
import IoTPolicy
import Logging
import MartletBase
import MartletBroker
import MartletPKI
import MartletServices
import NIOCore

/// Answers the broker's question what a connection may do, from the registry.
struct RegistryAuthority: ConnectionAuthority {
    private let loader: DeviceAuthorizationLoader
    private let users: PasswordUsers
    private let passwords: PasswordCheck
    private let logger: Logger
    /// Nothing in the anonymous principal's policy depends on who connects, so one answer serves all.
    private let anonymous: ConnectionAuthorization

    init(
        loader: DeviceAuthorizationLoader, users: PasswordUsers, passwords: PasswordCheck,
        anonymous: ServerConfiguration.Anonymous, logger: Logger
    ) {
        self.loader = loader
        self.users = users
        self.passwords = passwords
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
        switch request.peer.principal {
        case .certificate(let id): answer(on: loop, done) { await authorize(request, id) }
        case .user(let user): answer(on: loop, done) { await authorize(request, user) }
        case .anonymous:
            guard users.isInForce, let credentials = request.credentials else { return done(.success(anonymous)) }
            passwords.verify(credentials) { [self] result in
                switch result {
                case .failure(let refusal): loop.execute { done(.failure(refusal)) }
                case .success(let user): answer(on: loop, done) { await authorize(request, user) }
                }
            }
        }
    }

    private func answer(
        on loop: any EventLoop,
        _ done: @escaping @Sendable (Result<ConnectionAuthorization, ConnectRefusal>) -> Void,
        _ decide: @escaping @Sendable () async -> Result<ConnectionAuthorization, ConnectRefusal>
    ) {
        Task {
            let result = await decide()
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

    /// A user who is in the file with this password still.
    private func authorize(
        _ request: AuthorizationRequest, _ user: AuthenticatedUser
    ) async -> Result<ConnectionAuthorization, ConnectRefusal> {
        guard let entry = users.user(user.name), entry.hash.stamp == user.passwordStamp else {
            return .failure(.userRevoked(user.name))
        }
        do {
            let found = try await loader.load(request.realm, policies: entry.policies, clientID: request.clientID)
            guard found.missingPolicies.isEmpty else {
                return .failure(.userPolicyMissing(user: user.name, policies: found.missingPolicies))
            }
            let context = PolicyContext(
                realm: request.realm, clientID: request.clientID, sourceIP: request.peer.address,
                domainName: request.peer.serverName, secureTransport: request.peer.isEncrypted, thing: found.thing)
            return .success(
                ConnectionAuthorization(
                    authorizer: Authorizer(policies: found.policies, context: context), thingName: found.thing?.name,
                    user: user))
        } catch {
            logger.error("policies could not be read", metadata: ["user": "\(user.name)", "cause": "\(error)"])
            return .failure(.serverError("the policies of the user could not be read"))
        }
    }
}
