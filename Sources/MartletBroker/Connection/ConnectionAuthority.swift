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
    /// What CONNECT says about who it is, where the transport could not tell; nil once that has been decided.
    package let credentials: Credentials?

    package init(realm: Realm, peer: PeerIdentity, clientID: String, credentials: Credentials? = nil) {
        self.realm = realm
        self.peer = peer
        self.clientID = clientID
        self.credentials = credentials
    }
}

/// The policies of a connection with its variables filled in.
package struct ConnectionAuthorization: Sendable {
    package let authorizer: Authorizer
    /// The thing that the connection is associated with (policies.md section 4), or the thing that it would be.
    package let thingName: String?
    /// The thing that the certificate is attached to as EXCLUSIVE_THING.
    package let exclusiveThingName: String?
    /// Whose credentials these were; nil where the transport had said who it is, or nobody did.
    package let user: AuthenticatedUser?

    package init(
        authorizer: Authorizer, thingName: String?, exclusiveThingName: String? = nil, user: AuthenticatedUser? = nil
    ) {
        self.authorizer = authorizer
        self.thingName = thingName
        self.exclusiveThingName = exclusiveThingName
        self.user = user
    }
}
