import Glibc
import MQTTCodec
import MartletBase
import MartletBroker
import MartletGateway
import MartletTesting
import NIOCore
import NIOEmbedded

/// One network connection: the gateway's own handler on a channel in memory, and who watches its wire.
final class FuzzConnection {
    private let channel: EmbeddedChannel
    private(set) var watch: WireWatch

    init(_ world: FuzzWorld, loop: Int, port: Int) {
        watch = WireWatch(limits: world.limits)
        let peer = PeerIdentity(
            principal: .anonymous, address: "127.0.0.1", port: port, serverName: nil, isEncrypted: false)
        channel = EmbeddedChannel(
            handler: MQTTEndpoint.handler(
                shard: world.shards[loop], account: world.broker.account(.zero), peer: peer),
            loop: world.time.loops[loop])
        if let address = try? SocketAddress(unixDomainSocketPath: "/in-memory") {
            channel.connect(to: address, promise: nil)
        }
    }

    var isOpen: Bool { channel.isActive }

    /// The version that the client has spoken, or would.
    var version: ProtocolVersion { watch.connect?.version ?? .v5 }

    func send(_ bytes: [UInt8]) {
        guard isOpen else { return }
        watch.clientSends(bytes)
        do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { fail("the handler threw \(error)") }
    }

    func cut() { channel.close(promise: nil) }

    func toggleWritability() { setWritable(!channel.isWritable) }

    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    /// Hands all that the server has said to the watch.
    func collect() {
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) {
            watch.serverSends(Array(buffer.readableBytesView))
        }
        watch.checkWholeFrames()
    }
}

/// What ends a run: libFuzzer keeps the input.
func fail(_ words: String) -> Never { fatalError(words) }

/// Whether to say what a script does, for who reads a find: `FUZZ_TRACE=1`.
private let isTraced = getenv("FUZZ_TRACE") != nil

func trace(_ words: @autoclosure () -> String) { if isTraced { print(words()) } }
