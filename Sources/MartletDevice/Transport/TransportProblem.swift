internal import NIOCore
internal import NIOPosix
internal import NIOSSL

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// What sockets and TLS report, in words for people.
enum TransportProblem {
    static func isTLS(_ error: any Error) -> Bool {
        switch error {
        case NIOSSLError.uncleanShutdown: false
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: true
        default: false
        }
    }

    static func text(_ error: any Error) -> String {
        switch error {
        case let error as DeviceError: error.description
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case NIOSSLError.uncleanShutdown: "the server closed it without saying why"
        case ChannelError.connectTimeout: "no answer in time"
        case is ChannelError: "the connection is closed"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "the server's certificate is not for the name or address that was dialled"
        default: tls(String(describing: error))
        }
    }

    /// BoringSSL's words are stable and few; what is not in the table is passed on as it is.
    private static let tlsProblems: [(word: String, problem: String)] = [
        ("CERTIFICATE_VERIFY_FAILED", "the server's certificate is not signed by the trusted authority, or has expired"),
        ("WRONG_VERSION_NUMBER", "the port does not speak TLS"),
        ("UNSUPPORTED_PROTOCOL", "the server speaks an older TLS than 1.2"),
        ("ALERT_CERTIFICATE_REQUIRED", "the server asks for a device certificate"),
        ("ALERT_UNKNOWN_CA", "the server does not trust the device certificate"),
        ("ALERT_CERTIFICATE_UNKNOWN", "the server does not know the device certificate; is it registered?"),
        ("ALERT_CERTIFICATE_REVOKED", "the device certificate is revoked"),
        ("ALERT_CERTIFICATE_EXPIRED", "the device certificate has expired"),
        ("ALERT_BAD_CERTIFICATE", "the server refuses the device certificate; is it registered and active?"),
        ("ALERT_ACCESS_DENIED", "the server refuses the device certificate; is it active?"),
        ("ALERT_HANDSHAKE_FAILURE", "the server refuses the handshake; it may ask for a device certificate"),
        ("ALERT_UNRECOGNIZED_NAME", "the server does not serve this name"),
        ("ALERT_NO_APPLICATION_PROTOCOL", "the server knows none of the offered application protocols"),
        ("EOF during handshake", "the server closed the connection; the port may not speak TLS"),
    ]

    private static func tls(_ description: String) -> String {
        tlsProblems.first { description.contains($0.word) }?.problem ?? description
    }
}
