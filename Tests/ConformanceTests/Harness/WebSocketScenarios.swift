import Testing

/// What section 6 of both versions asks for, in the same words.
enum WebSocketScenarios {
    static let binary: UInt8 = 2

    /// MQTT in binary frames is served; a data frame of another kind closes the connection.
    static func onlyBinaryFrames(_ version: Version) throws {
        let world = try World()
        let client = try connected(world, version)
        client.frame(binary, Wire.pingReq.bytes(version))
        #expect(client.takeFrames().map(\.payload) == [Wire.pingResp.bytes(version)])
        client.frame(1, Wire.pingReq.bytes(version))
        #expect(client.takeFrames().allSatisfy { $0.opcode != 1 && $0.payload != Wire.pingResp.bytes(version) })
        #expect(client.isClosed)
    }

    /// A packet may span frames, and a frame may hold several packets.
    static func packetsSpanAndShareFrames(_ version: Version) throws {
        let world = try World()
        let client = try connected(world, version)
        let ping = Wire.pingReq.bytes(version)
        for byte in ping { client.frame(binary, [byte]) }
        client.frame(binary, ping + ping + ping.prefix(1))
        client.frame(binary, Array(ping.suffix(1)), isFinal: false)
        client.frame(0, ping)
        let payloads = client.takeFrames().flatMap(\.payload)
        #expect(payloads == Array(repeating: Wire.pingResp.bytes(version), count: 5).flatMap(\.self))
        #expect(!client.isClosed)
    }

    /// A client that does not offer the subprotocol is not let in.
    static func mqttHasToBeOffered() throws {
        for offer in [nil, "chat", "mqtt5", "MQTT"] {
            let client = try WebSocketClient(World())
            #expect(client.upgrade(offer).first?.hasPrefix("HTTP/1.1 400") == true, "\(offer ?? "none")")
            #expect(client.isClosed)
        }
    }

    /// The answer selects it.
    static func mqttIsSelected() throws {
        for offer in ["mqtt", "chat, mqtt", "mqttv3.1, mqtt"] {
            let answer = try WebSocketClient(World()).upgrade(offer)
            #expect(answer.first?.hasPrefix("HTTP/1.1 101") == true)
            let selected = answer.filter { $0.lowercased().hasPrefix("sec-websocket-protocol:") }
            #expect(selected.map { $0.lowercased() } == ["sec-websocket-protocol: mqtt"])
        }
    }

    private static func connected(_ world: World, _ version: Version) throws -> WebSocketClient {
        let client = try WebSocketClient(world)
        #expect(client.upgrade("mqtt").first?.hasPrefix("HTTP/1.1 101") == true)
        client.frame(binary, Wire.connect("c").bytes(version))
        let frames = client.takeFrames()
        #expect(frames.map(\.opcode) == [binary])
        #expect(frames.first?.payload.first == 0x20)
        return client
    }
}
