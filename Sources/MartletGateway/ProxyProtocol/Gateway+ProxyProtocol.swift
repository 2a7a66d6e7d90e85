import Logging
import NIOCore

extension Gateway {
    /// Builds the pipeline of an accepted connection: at once, or when its PROXY header has said where it comes from.
    func accept(
        _ channel: any Channel, _ listener: String,
        _ setUp: @escaping @Sendable (Gateway, any Channel, PeerAddress) throws -> Void
    ) throws {
        let peer = PeerAddress(channel.remoteAddress)
        guard configuration.proxyProtocolListeners.contains(listener) else { return try setUp(self, channel, peer) }
        if let trusted = configuration.proxyProtocolTrusted, !trusted.contains(peer.address) {
            logger.notice(
                "connection refused by its PROXY header",
                metadata: [
                    "reason": "proxyNotTrusted", "detail": "proxyProtocol.trustedAddresses does not name this address",
                    "address": "\(peer)",
                ])
            return channel.close(promise: nil)
        }
        let header = ProxyProtocolHandler(
            timeoutSeconds: configuration.connectTimeoutSeconds, socketPeer: peer, logger: logger
        ) { [self] channel, peer in
            try setUp(self, channel, peer)
        }
        try channel.pipeline.syncOperations.addHandler(header)
    }
}
