internal import NIOCore
internal import NIOSSL

extension DeviceTLS {
    /// Reads certificates and key.
    func makeContext() throws(DeviceError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = applicationProtocols
        configuration.shutdownTimeout = .seconds(1)
        if let trustedAuthority {
            configuration.trustRoots = .certificates(try Self.certificates(trustedAuthority, "trusted authority"))
        }
        if let identity {
            let chain = try Self.certificates(identity.certificate, "device certificate")
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.privateKey(identity.privateKey))
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .credentials(
                source: "The device certificate with its private key",
                problem: "they do not belong together, or TLS does not know their kind")
        }
    }

    private static func certificates(_ pem: PEM, _ role: String) throws(DeviceError) -> [NIOSSLCertificate] {
        let found =
            switch pem {
            case .file(let file): try? NIOSSLCertificate.fromPEMFile(file)
            case .text(let text): try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8))
            }
        guard let found, !found.isEmpty else {
            throw .credentials(source: source(pem, role), problem: "there is no readable PEM certificate in it")
        }
        return found
    }

    private static func privateKey(_ pem: PEM) throws(DeviceError) -> NIOSSLPrivateKey {
        let found =
            switch pem {
            case .file(let file): try? NIOSSLPrivateKey(file: file, format: .pem)
            case .text(let text): try? NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem)
            }
        guard let found else {
            throw .credentials(
                source: source(pem, "private key"), problem: "there is no readable, unencrypted PEM private key in it")
        }
        return found
    }

    private static func source(_ pem: PEM, _ role: String) -> String {
        switch pem {
        case .file(let file): "\(file) (\(role))"
        case .text: "The \(role)"
        }
    }
}
