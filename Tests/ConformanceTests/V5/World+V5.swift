import IoTPolicy
import MartletTesting
import Testing

/// What the tests of version 5 ask for again and again.
extension World {
    /// A connected client of version 5 with a session that ends with its connection.
    func v5(
        _ id: String = "client", on loop: Int = 0, will: Wire.Will? = nil, properties: [Property] = []
    ) -> Client { connect(id, .v5, on: loop, will: will, properties: properties) }

    /// A connected client of version 5 whose session is kept for ten minutes, new or gone on with.
    func kept(
        _ id: String = "keeper", on loop: Int = 1, isPresent: Bool = false, will: Wire.Will? = nil,
        properties: [Property] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) -> Client {
        let client = client(.v5, on: loop)
        client.send(.connect(id, clean: false, will: will, properties: [.sessionExpiry(600)] + properties))
        client.expectConnAck(sessionPresent: isPresent, sourceLocation: sourceLocation)
        return client
    }

    /// A client of version 5 that has subscribed.
    func listener(
        _ filter: String, _ options: UInt8 = 0, as id: String = "listener", on loop: Int = 1, properties: [Property] = []
    ) -> Client {
        let client = v5(id, on: loop, properties: properties)
        client.subscribe(filter, options)
        return client
    }

    /// A connected client of version 5 sends this, gets DISCONNECT with this code, and is closed.
    func expectRefusal(_ code: UInt8, of packets: Wire..., sourceLocation: SourceLocation = #_sourceLocation) {
        let client = v5("refused")
        client.send(packets.flatMap { $0.bytes(.v5) })
        client.expectDisconnect(code, sourceLocation: sourceLocation)
    }

    /// A connected client of version 5 sends this, and its connection stands.
    func expectAccepted(_ packets: Wire..., sourceLocation: SourceLocation = #_sourceLocation) {
        let client = v5("accepted")
        client.send(packets.flatMap { $0.bytes(.v5) })
        client.expectStanding(sourceLocation: sourceLocation)
    }

    /// A new connection sends this CONNECT, gets CONNACK with this code and no session, and is closed.
    func expectRefusedConnect(
        _ code: UInt8, _ connect: Wire, _ more: Wire..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let client = client(.v5)
        client.send(connect.bytes(.v5) + more.flatMap { $0.bytes(.v5) })
        client.expectConnAck(code, sourceLocation: sourceLocation)
        client.expectClosed(sourceLocation: sourceLocation)
    }

    /// A new connection sends this CONNECT and is accepted.
    func expectAcceptedConnect(_ connect: Wire, sourceLocation: SourceLocation = #_sourceLocation) {
        let client = client(.v5)
        client.send(connect)
        client.expectConnAck(sourceLocation: sourceLocation)
        client.expectStanding(sourceLocation: sourceLocation)
        client.send(.disconnect())
    }
}

extension Client {
    /// Whatever else was said, the connection answers a ping.
    func expectStanding(sourceLocation: SourceLocation = #_sourceLocation) {
        _ = takeAll()
        send(.pingReq)
        expect(.pingResp, sourceLocation: sourceLocation)
        expectNothing(sourceLocation: sourceLocation)
    }

    /// Takes the next frame, which is a PUBLISH of this topic and payload, for what else it says.
    func nextPublish(
        _ topic: String, _ payload: String, qos: UInt8 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Frame {
        let frame = try next(.publish, sourceLocation: sourceLocation)
        #expect(frame.topic == topic, sourceLocation: sourceLocation)
        #expect(frame.payload == payload, sourceLocation: sourceLocation)
        #expect(frame.qos == qos, sourceLocation: sourceLocation)
        return frame
    }
}

extension Client {
    /// The server does not speak this version: it closes, and what it says before that, if anything, is that.
    func expectVersionRefused(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(isClosed, "the connection is open", sourceLocation: sourceLocation)
        let refusals = [hex("20 03 00 84 00"), hex("20 02 00 01")]
        let frames = takeAll()
        #expect(
            frames.isEmpty || frames.count == 1 && refusals.contains(frames[0].bytes), "\(frames)",
            sourceLocation: sourceLocation)
    }
}

extension CompiledPolicy {
    /// These actions on every resource, and nothing else.
    static func allowing(_ actions: String...) throws -> CompiledPolicy {
        let list = actions.map { "\"\($0)\"" }.joined(separator: ", ")
        let document = try PolicyDocument(
            parsing: """
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [\(list)], "Resource": "*"}]}
                """)
        return CompiledPolicy(name: "some", versionID: "1", document: document)
    }
}

/// The options byte of a SUBSCRIBE beside its QoS (section 3.8.3.1).
enum Option {
    static let noLocal: UInt8 = 0x04
    static let retainAsPublished: UInt8 = 0x08
    static let sendRetainedIfNew: UInt8 = 0x10
    static let sendNoRetained: UInt8 = 0x20
}

extension World {
    /// A PUBLISH with these properties reaches whoever listens now, whoever comes back, and whoever subscribes later, with
    /// the same bytes.
    func expectForwarded(_ properties: [Property], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let keeper = kept()
        keeper.subscribe("a", 1 | Option.sendNoRetained)
        keeper.cut()
        let listener = listener("a", 1 | Option.sendNoRetained)
        v5().send(.publish("a", "x", qos: 1, id: 1, retain: true, properties: properties))
        let late = self.listener("a", 1, as: "late")
        for (client, retain) in [(listener, false), (kept(isPresent: true), false), (late, true)] {
            client.expectPublish("a", "x", qos: 1, retain: retain, properties: properties, sourceLocation: sourceLocation)
        }
        expectAcceptedConnect(.connect("keeper", clean: true))
    }
}

extension World {
    /// All that was submitted to a store that does not sync at once is durable.
    func sync() {
        run()
        store.sync()
        run()
    }
}

extension Client {
    /// Takes this packet from among what came, wherever it stands.
    func take(_ packet: Wire, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let wanted = Frame(bytes: packet.bytes(version), version: version)
        let index = try #require(frames.firstIndex(of: wanted), "\(frames)", sourceLocation: sourceLocation)
        remove(at: index)
    }
}
