/// Where the authority keeps what it must not lose.
struct AuthorityFiles {
    let directory: String
    var certificate: String { directory + "/ca.pem" }
    var key: String { directory + "/ca.key" }
    var serverCertificate: String { directory + "/server.pem" }
    var serverKey: String { directory + "/server.key" }

    static let privateMode: UInt32 = 0o600
    static let publicMode: UInt32 = 0o644
}
