import MartletBase
import NIOCore
import NIOEmbedded
import Testing

@testable import MartletBroker
@testable import MartletGateway

/// The client's end of one network connection: it sends bytes, and keeps what the server sent as raw frames until the
/// test has looked at them.
final class Client {
    private let world: World
    private let generation: Int
    let version: Version
    private let channel: EmbeddedChannel
    private var partial: ArraySlice<UInt8> = []
    private var inbox: [Frame] = []

    init(_ world: World, _ version: Version, loop: EmbeddedEventLoop, shard: BrokerShard, port: Int) {
        self.world = world
        generation = world.generation
        self.version = version
        let peer = PeerIdentity(
            principal: .anonymous, address: "127.0.0.1", port: port, serverName: nil, isEncrypted: false)
        channel = EmbeddedChannel(
            handler: MQTTConnectionHandler(
                shard: shard, account: world.broker.account(.zero), peer: peer, readBuffer: nil),
            loop: loop)
        channel.connect(to: Self.anyAddress, promise: nil)
    }

    // The address is never dialled.
    static let anyAddress = try! SocketAddress(unixDomainSocketPath: "/in-memory")

    // MARK: Sending

    /// Sends packets in one segment, and lets the server do all that follows from them.
    func send(_ packets: Wire...) { send(packets.flatMap { $0.bytes(version) }) }

    func send(_ bytes: [UInt8]) {
        guard channel.isActive, !isAbandoned else { return }
        do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { Issue.record("the handler threw \(error)") }
        world.run()
    }

    /// Sends each byte in a segment of its own.
    func trickle(_ packet: Wire) {
        for byte in packet.bytes(version) { send([byte]) }
    }

    /// Subscribes, and reads SUBACK with the QoS that was asked for.
    func subscribe(
        _ filter: String, _ options: UInt8 = 0, id: UInt16 = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        send(.subscribe(id, (filter, options)))
        expect(.subAck(id, options & 3), sourceLocation: sourceLocation)
    }

    /// The network is gone: no DISCONNECT.
    func cut() {
        channel.close(promise: nil)
        world.run()
    }

    /// The client has stopped reading, and its socket is full; or it reads again.
    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
        world.run()
    }

    // MARK: What came

    /// What the server has sent and the test has not looked at, oldest first.
    var frames: [Frame] {
        collect()
        return inbox
    }

    /// The server's process is gone, so nothing is said or heard any more.
    private var isAbandoned: Bool { generation != world.generation }

    var isClosed: Bool {
        world.run()
        return isAbandoned || !channel.isActive
    }

    private func collect() {
        guard !isAbandoned else { return }
        world.run()
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { partial += Array(buffer.readableBytesView) }
        while let frame = Frame.read(&partial, version) { inbox.append(frame) }
    }

    /// Takes the oldest frame.
    func next(sourceLocation: SourceLocation = #_sourceLocation) throws -> Frame {
        let frame = try #require(frames.first, "the server has sent nothing", sourceLocation: sourceLocation)
        inbox.removeFirst()
        return frame
    }

    /// Takes the oldest frame, which has to be of this type.
    func next(_ type: PacketType, sourceLocation: SourceLocation = #_sourceLocation) throws -> Frame {
        let frame = try next(sourceLocation: sourceLocation)
        try #require(frame.type == type, "\(frame)", sourceLocation: sourceLocation)
        return frame
    }

    /// Takes one of `frames`.
    func remove(at index: Int) { inbox.remove(at: index) }

    /// Takes all frames.
    func takeAll() -> [Frame] {
        defer { inbox = [] }
        return frames
    }
}

// MARK: Expecting

extension Client {
    /// The next frames are exactly these bytes, in this order. Later frames stay for later.
    func expect(_ packets: Wire..., sourceLocation: SourceLocation = #_sourceLocation) {
        for packet in packets {
            let wanted = Frame(bytes: packet.bytes(version), version: version)
            let frame = try? next(sourceLocation: sourceLocation)
            if let frame { #expect(frame == wanted, sourceLocation: sourceLocation) }
        }
    }

    /// The next frame is exactly this PUBLISH, with a packet identifier of the server's choice, which is returned; 0 at
    /// QoS 0.
    @discardableResult
    func expectPublish(
        _ topic: String, _ payload: String, qos: UInt8 = 0, retain: Bool = false, dup: Bool = false,
        properties: [Property] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) -> UInt16 {
        guard let frame = try? next(.publish, sourceLocation: sourceLocation) else { return 0 }
        let packet = Wire.publish(
            topic, payload, qos: qos, id: frame.packetID, retain: retain, dup: dup, properties: properties)
        #expect(frame == Frame(bytes: packet.bytes(version), version: version), sourceLocation: sourceLocation)
        #expect(frame.packetID != 0, "packet identifier 0", sourceLocation: sourceLocation)
        return frame.packetID ?? 0
    }

    /// As `expect`, where the order of different topics is the server's choice.
    func expectInAnyOrder(_ packets: Wire..., sourceLocation: SourceLocation = #_sourceLocation) {
        let wanted = packets.map { hexText($0.bytes(version)) }.sorted()
        let got = takeAll().map { hexText($0.bytes) }.sorted()
        #expect(got == wanted, sourceLocation: sourceLocation)
    }

    /// The next frame is a CONNACK with this code. Its properties are returned, since the server chooses most of them.
    @discardableResult
    func expectConnAck(
        _ code: UInt8 = 0, sessionPresent: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) -> [Property] {
        guard let frame = try? next(.connAck, sourceLocation: sourceLocation) else { return [] }
        #expect(frame.code == code, sourceLocation: sourceLocation)
        #expect(frame.isSessionPresent == sessionPresent, sourceLocation: sourceLocation)
        return frame.properties
    }

    /// The next frame is of this type with this code, whatever its properties say; and this packet identifier.
    @discardableResult
    func expect(
        _ type: PacketType, code: UInt8, id: UInt16? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) -> [Property] {
        guard let frame = try? next(type, sourceLocation: sourceLocation) else { return [] }
        #expect(frame.code == code, "\(frame)", sourceLocation: sourceLocation)
        #expect(id == nil || frame.packetID == id, "\(frame)", sourceLocation: sourceLocation)
        return frame.properties
    }

    /// Nothing has come, and the connection stands.
    func expectNothing(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(frames == [], sourceLocation: sourceLocation)
        #expect(!isClosed, "the server has closed the connection", sourceLocation: sourceLocation)
    }

    /// The server has closed the connection and said nothing before that.
    func expectClosed(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(isClosed, "the connection is open", sourceLocation: sourceLocation)
        #expect(frames == [], sourceLocation: sourceLocation)
    }

    /// The server has closed the connection: in version 5 with DISCONNECT and this code, in 3.1.1 without a word.
    func expectDisconnect(_ code: UInt8, sourceLocation: SourceLocation = #_sourceLocation) {
        if version == .v5 { expect(.disconnect, code: code, sourceLocation: sourceLocation) }
        expectClosed(sourceLocation: sourceLocation)
    }
}
