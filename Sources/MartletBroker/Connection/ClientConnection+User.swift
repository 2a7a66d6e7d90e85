import MQTTCodec
import MartletBase

extension ClientConnection {
    /// What CONNECT says about who it is. A certificate has said it already, and then the user name is ignored
    /// (mqtt-broker.md section 5); a user name alone proves nothing.
    var credentials: Credentials? {
        guard case .anonymous = peer.principal, let packet = pendingConnect?.packet, let password = packet.password else {
            return nil
        }
        return Credentials(userName: packet.userName?.string ?? "", password: Secret(password))
    }

    /// The user of the password file that it is, or that it may turn out to be.
    var userName: String? {
        if case .user(let user) = peer.principal { return user.name }
        return credentials?.userName
    }
}
