import Glibc
import NIOCore

/// What logs and sentences say of the network's own things.
extension SocketAddress {
    /// `127.0.0.1:1883`, `[::1]:1883`
    var hostAndPort: String {
        let host = ipAddress ?? "unknown"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port ?? 0)"
    }
}

extension IOError {
    /// The system's words alone: `Address already in use`.
    var systemWords: String { String(cString: strerror(errnoCode)) }
}

/// An error of the network stack in words.
func networkWords(_ error: any Error) -> String { (error as? IOError)?.systemWords ?? "\(error)" }
