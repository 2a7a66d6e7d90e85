package import IoTPolicy
package import MartletBase
package import MartletBroker
package import NIOCore

/// Gives everybody the same policies, and knows the things it was told of.
package struct FixedAuthority: ConnectionAuthority {
    private let policies: [CompiledPolicy]
    private let things: Set<String>

    package init(policies: [CompiledPolicy] = [.allowAll], things: Set<String> = []) {
        self.policies = policies
        self.things = things
    }

    package func authorize(
        _ request: AuthorizationRequest, on loop: any EventLoop,
        _ done: @escaping @Sendable (Result<ConnectionAuthorization, ConnectRefusal>) -> Void
    ) {
        let context = PolicyContext(
            realm: request.realm, clientID: request.clientID, sourceIP: "127.0.0.1", secureTransport: false)
        let authorizer = Authorizer(policies: policies, context: context)
        done(.success(ConnectionAuthorization(authorizer: authorizer, thingName: nil)))
    }

    package func isThing(
        _ name: String, in realm: Realm, on loop: any EventLoop, _ done: @escaping @Sendable (Bool) -> Void
    ) {
        done(things.contains(name))
    }
}
