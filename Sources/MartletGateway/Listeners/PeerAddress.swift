import NIOCore

/// Where a connection comes from: the socket's other end, or what a trusted PROXY header says.
struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The IP address; empty when it is not known.
    let address: String
    let port: Int
    /// `127.0.0.1:1883`, `[::1]:1883`
    let description: String

    init(_ address: SocketAddress?) {
        self.address = address?.ipAddress ?? ""
        port = address?.port ?? 0
        description = address?.hostAndPort ?? "unknown"
    }
}
