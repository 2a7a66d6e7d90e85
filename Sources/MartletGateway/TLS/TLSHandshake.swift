import Crypto
import Logging
import MartletBase
import MartletBroker
import NIOCore
import NIOSSL
import NIOTLS

/// What one TLS handshake has told so far. Touched on its connection's loop only.
final class TLSHandshake {
    let serverName: String?
    private let directory: any ClientCertificateDirectory
    private let loop: any EventLoop
    private(set) var identified: IdentifiedCertificate?
    private(set) var refusal: CertificateRefusal?

    init(serverName: String?, directory: any ClientCertificateDirectory, loop: any EventLoop) {
        self.serverName = serverName
        self.directory = directory
        self.loop = loop
    }

    /// NIOSSL's question whether the shown chain is good; only its leaf matters.
    func verify(_ chain: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        guard let leaf = chain.first else { return fail(.absent, promise) }
        let this = NIOLoopBound(self, eventLoop: loop)
        identify(leaf).whenComplete { result in
            switch result {
            case .success: promise.succeed(.certificateVerified)
            case .failure(let error): this.value.fail(.init(error), promise)
            }
        }
    }

    private func fail(_ refusal: CertificateRefusal, _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        self.refusal = refusal
        promise.succeed(.failed)
    }

    /// Looks the leaf up in the registry and remembers whose it is.
    func identify(_ leaf: NIOSSLCertificate) -> EventLoopFuture<IdentifiedCertificate> {
        guard let der = try? leaf.toDERBytes() else {
            return loop.makeFailedFuture(CertificateRefusal.unreadable("the certificate has no DER form"))
        }
        let presented = PresentedCertificate(
            id: CertificateID(sha256: SHA256.hash(data: der)), der: der, serverName: serverName)
        let directory = directory
        let this = NIOLoopBound(self, eventLoop: loop)
        return loop.makeFutureWithTask { try await directory.identify(presented).get() }
            .map { identified in
                this.value.identified = identified
                return identified
            }
    }
}

extension CertificateRefusal {
    fileprivate init(_ error: any Error) {
        self = error as? CertificateRefusal ?? .registryUnavailable("\(error)")
    }
}
