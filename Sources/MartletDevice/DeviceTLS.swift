/// How a device proves who it is, and whom it trusts.
public struct DeviceTLS: Sendable {
    /// PEM text, given directly or as a file.
    public enum PEM: Hashable, Sendable {
        case file(String)
        case text(String)
    }

    /// The device's certificate with its private key; nil shows none.
    public var identity: (certificate: PEM, privateKey: PEM)?
    /// The authority that signed the server's certificate; nil trusts what the system trusts.
    public var trustedAuthority: PEM?
    /// The name that the server's certificate must carry, also sent as SNI; nil means the host that is dialled. A
    /// certificate for the address that was dialled is good too.
    public var serverName: String?
    /// Offered by ALPN, such as `x-amzn-mqtt-ca` on port 443 (mqtt-broker.md section 1).
    public var applicationProtocols: [String]

    public init(
        identity: (certificate: PEM, privateKey: PEM)? = nil, trustedAuthority: PEM? = nil, serverName: String? = nil,
        applicationProtocols: [String] = []
    ) {
        self.identity = identity
        self.trustedAuthority = trustedAuthority
        self.serverName = serverName
        self.applicationProtocols = applicationProtocols
    }
}
