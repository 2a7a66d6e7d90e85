import MQTTCodec
import NIOCore
import NIOPosix
import NIOSSL

@testable import MartletDevice

/// A server that answers each packet as its script says.
struct FakeServer {
    enum Answer {
        case send(Packet)
        case close
    }

    typealias Script = @Sendable (Packet) -> [Answer]

    /// Accepts every connection, grants what is asked, acknowledges and echoes every message.
    static let echo: Script = { packet in
        switch packet {
        case .connect: [.send(.connAck(ConnAck(reasonCode: .success)))]
        case .subscribe(let packet):
            [
                .send(
                    .subAck(
                        SubAck(
                            packetID: packet.packetID, reasonCodes: packet.subscriptions.map { .granted($0.qos) })))
            ]
        case .publish(let packet):
            (packet.qos == .atLeastOnce ? [.send(.pubAck(PubAck(packetID: packet.packetID)))] : [])
                + [.send(.publish(packet))]
        case .pingReq: [.send(.pingResp(PingResp()))]
        case .disconnect: [.close]
        default: []
        }
    }

    /// Runs a server on a free port of the loopback interface while the body runs.
    static func run<R>(
        version: MQTTCodec.ProtocolVersion = .v5, tls: NIOSSLContext? = nil, script: @escaping Script = echo,
        _ body: (_ port: Int) async throws -> R
    ) async throws -> R {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(
                        ByteToMessageHandler(PacketDecoder(version: version, maximumPacketBytes: 1 << 20)))
                    try pipeline.addHandler(ScriptHandler(version: version, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(server.localAddress?.port ?? 0)
            try await server.close()
            return result
        } catch {
            try? await server.close()
            throw error
        }
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = Packet
    typealias OutboundOut = ByteBuffer

    let version: MQTTCodec.ProtocolVersion
    let script: FakeServer.Script

    init(version: MQTTCodec.ProtocolVersion, script: @escaping FakeServer.Script) {
        self.version = version
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for answer in script(unwrapInboundIn(data)) {
            switch answer {
            case .close: context.close(promise: nil)
            case .send(let packet):
                var buffer = ByteBuffer()
                try? packet.encode(into: &buffer, version: version)
                context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
