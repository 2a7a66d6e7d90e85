/// `martlet env`: shell lines after which plain `aws` commands reach this server.
package enum ClientEnvironment {
    /// Dev accepts any secret; this one says what it is for.
    package static let secretKey = "martlet-accepts-any-secret"

    /// The credentials replace real ones for this shell on purpose: a command that is meant for this server must
    /// never be signed with a key that is worth something. A 12-digit access key names the account.
    package static func lines(_ location: ServerLocation) -> String {
        let variables = [
            ("AWS_ENDPOINT_URL", location.api), ("AWS_REGION", location.region),
            ("AWS_DEFAULT_REGION", location.region), ("AWS_ACCESS_KEY_ID", location.account),
            ("AWS_SECRET_ACCESS_KEY", secretKey),
        ]
        return "unset AWS_SESSION_TOKEN AWS_PROFILE\n"
            + variables.map { "export \($0)=\(ShellText.quoted($1))\n" }.joined()
    }
}
