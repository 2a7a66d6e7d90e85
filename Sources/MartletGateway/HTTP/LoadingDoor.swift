package import Logging
import NIOCore
package import NIOPosix

/// The API port while the server still reads what it keeps: it can say that it lives and what it waits for, and nothing
/// else. `close` gives the port up for the gateway.
package struct LoadingDoor: Sendable {
    private let channel: any Channel
    private let http: HTTPFrontDoor

    package static func open(
        address: String, port: Int, responder: any APIResponder, on group: MultiThreadedEventLoopGroup, logger: Logger
    ) async throws -> LoadingDoor {
        let http = HTTPFrontDoor(
            responder: responder,
            limits: .init(headerBytes: 16_384, bodyBytes: 0, publishBytes: 0, requestTimeoutSeconds: 10), logger: logger)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let peer = PeerAddress(channel.remoteAddress)
                let caller = HTTPCaller(address: peer.address, certificate: nil, serverName: nil, isEncrypted: false)
                return http.serve(channel, caller: caller, peer: peer)
            }
            .bind(host: address, port: port).get()
        return LoadingDoor(channel: channel, http: http)
    }

    package func close() async {
        try? await channel.close()
        await http.connections.finish(patience: .milliseconds(500))
    }
}
