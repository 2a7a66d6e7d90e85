package import IoTPolicy
package import MartletBase
package import NIOCore

/// Answers what one principal may do with one client id. The registry stands behind it.
package protocol ConnectionAuthority: Sendable {
    /// Calls `done` once, on `loop`; at once where nothing has to be looked up.
    func authorize(
        _ request: AuthorizationRequest, on loop: any EventLoop,
        _ done: @escaping @Sendable (Result<ConnectionAuthorization, ConnectRefusal>) -> Void)

    /// Whether the account has a thing of this name. Calls `done` once, on `loop`.
    func isThing(_ name: String, in realm: Realm, on loop: any EventLoop, _ done: @escaping @Sendable (Bool) -> Void)
}

/// Who asks, with which client id, from where.
package struct AuthorizationRequest: Sendable {
    package let realm: Realm
    package let peer: PeerIdentity
    package let clientID: String

    package init(realm: Realm, peer: PeerIdentity, clientID: String) {
        self.realm = realm
        self.peer = peer
        self.clientID = clientID
    }
}

/// The policies of a connection with its variables filled in.
package struct ConnectionAuthorization: Sendable {
    package let authorizer: Authorizer
    /// The thing that the connection is associated with (policies.md section 4), or the thing that it would be.
    package let thingName: String?
    /// The thing that the certificate is attached to as EXCLUSIVE_THING.
    package let exclusiveThingName: String?

    package init(authorizer: Authorizer, thingName: String?, exclusiveThingName: String? = nil) {
        self.authorizer = authorizer
        self.thingName = thingName
        self.exclusiveThingName = exclusiveThingName
    }
}
