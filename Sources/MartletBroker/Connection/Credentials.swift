package import MartletBase

/// The user name and the password of one CONNECT. Either may be missing in MQTT 5 `[MQTT-3.1.2-17]`. Lives until CONNECT is
/// decided.
package struct Credentials: Sendable {
    /// Without what follows the first `?`, where SDKs put their telemetry (mqtt-broker.md section 5).
    package let userName: String
    package let password: Secret

    package init(userName: String, password: Secret) {
        self.userName = String(userName.prefix { $0 != "?" })
        self.password = password
    }
}

/// A user of the password file whose password was checked.
package struct AuthenticatedUser: Hashable, Sendable {
    package let name: String
    /// Which password it was: another one has another stamp.
    package let passwordStamp: UInt64

    package init(name: String, passwordStamp: UInt64) {
        self.name = name
        self.passwordStamp = passwordStamp
    }
}
