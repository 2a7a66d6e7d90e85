import Logging
import MartletBase
import MartletTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import MartletBroker
@testable import MartletGateway

/// A client on the WebSocket endpoint: it writes the request for the upgrade and the frames by hand (RFC 6455), and reads
/// the same.
final class WebSocketClient {
    private let world: World
    private let channel: EmbeddedChannel
    private var received: ArraySlice<UInt8> = []

    init(_ world: World, on loop: Int = 0) throws {
        self.world = world
        let shard = world.shards[loop]
        channel = EmbeddedChannel(loop: world.loops[loop])
        let settings = WebSocketUpgradeHandler.Settings(
            headerBytes: 8192, timeoutSeconds: 30, hasCertificate: false, allowsAnonymous: true, peer: PeerAddress(nil),
            random: SeededRandomSource(seed: 2), logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
        let peer = PeerIdentity(
            principal: .anonymous, address: "127.0.0.1", port: 80, serverName: nil, isEncrypted: false)
        let account = world.broker.account(.zero)
        try WebSocketUpgradeHandler.install(on: channel, settings) { channel in
            try channel.pipeline.syncOperations.addHandlers([
                WebSocketHandler(frameBytesMax: 1 << 20),
                MQTTConnectionHandler(shard: shard, account: account, peer: peer, readBuffer: nil),
            ])
        }
        channel.connect(to: Client.anyAddress, promise: nil)
    }

    /// Asks for the upgrade with these subprotocols, and returns the head of the answer.
    func upgrade(_ subprotocols: String?) -> [Substring] {
        let offer = subprotocols.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? ""
        send(
            Array(
                """
                GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(offer)\r\n
                """.utf8))
        let text = String(decoding: takeBytes(), as: UTF8.self)
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }.map { $0 }
    }

    /// One frame of up to 125 bytes, masked with a key of zeroes, which leaves the bytes as they are.
    func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) {
        send([(isFinal ? 0x80 : 0) | opcode, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload)
    }

    private func send(_ bytes: [UInt8]) {
        guard channel.isActive else { return }
        do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { Issue.record("the handlers threw \(error)") }
        world.run()
    }

    private func takeBytes() -> ArraySlice<UInt8> {
        world.run()
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { received += Array(buffer.readableBytesView) }
        defer { received = [] }
        return received
    }

    /// What the server has sent since: opcode and payload of each frame.
    func takeFrames() -> [(opcode: UInt8, payload: [UInt8])] {
        var bytes = takeBytes()
        var frames: [(UInt8, [UInt8])] = []
        while bytes.count >= 2 {
            let head = Array(bytes.prefix(2))
            #expect(head[0] & 0xF0 == 0x80 && head[1] < 126, "a short whole frame that is not masked")
            frames.append((head[0] & 0x0F, Array(bytes.dropFirst(2).prefix(Int(head[1])))))
            bytes = bytes.dropFirst(2 + Int(head[1]))
        }
        return frames
    }

    var isClosed: Bool {
        world.run()
        return !channel.isActive
    }
}
