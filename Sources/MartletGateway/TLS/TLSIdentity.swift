import NIOCore
import NIOSSL

/// The protocols that are agreed by ALPN, in the server's order of preference (mqtt-broker.md section 1).
enum ApplicationProtocol: String, CaseIterable {
    case mqttWithCertificate = "x-amzn-mqtt-ca"
    case mqtt = "mqtt"
    case httpWithCertificate = "x-amzn-http-ca"
    case http = "http/1.1"

    /// AWS's table: these two ids mean mutual TLS.
    var needsCertificate: Bool { self == .mqttWithCertificate || self == .httpWithCertificate }
    var isMQTT: Bool { self == .mqttWithCertificate || self == .mqtt }
}

/// Makes the TLS contexts of the listeners from the server's certificate files.
package struct TLSIdentity: Sendable {
    let mutual: NIOSSLContext
    let shared: NIOSSLContext

    /// - Throws: what NIOSSL throws for files that it cannot read.
    package init(certificateFile: String, privateKeyFile: String) throws {
        mutual = try Self.context(certificateFile, privateKeyFile, .noHostnameVerification, [.mqttWithCertificate, .mqtt])
        shared = try Self.context(
            certificateFile, privateKeyFile, .optionalVerification, ApplicationProtocol.allCases)
    }

    private static func context(
        _ certificateFile: String, _ privateKeyFile: String, _ verification: CertificateVerification,
        _ protocols: [ApplicationProtocol]
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: privateKeyFile, format: .pem)))
        // Clients' certificates are looked up, not chained: see `ClientCertificateDirectory`.
        configuration.certificateVerification = verification
        configuration.minimumTLSVersion = .tlsv12
        // A client that does not answer close_notify is not waited for.
        configuration.shutdownTimeout = .seconds(1)
        configuration.applicationProtocols = protocols.map(\.rawValue)
        return try NIOSSLContext(configuration: configuration)
    }
}
