import MQTTCodec
import NIOCore
import Testing

@Suite("The PUBLISH of the hot path")
struct PublishTests {
    @Test("A view gives the places of topic, properties and payload in the frame")
    func places() throws {
        let frame = hex("3B 0F 0003 612F62 1234 05 02 0000003C 6869")
        let view = try view(frame, .v5)
        #expect(Array(frame[view.topic]) == Array("a/b".utf8))
        #expect(Array(frame[view.properties]) == hex("02 0000003C"))
        #expect(Array(frame[view.payload]) == Array("hi".utf8))
        #expect(view.packetID == 0x1234)
        #expect(view.qos == .atLeastOnce)
        #expect(view.dup)
        #expect(view.retain)
        #expect(view.summary.messageExpiryInterval == 60)
    }

    @Test("[MQTT-2.3.1-5] [MQTT-2.2.1-2] QoS 0 has no packet identifier")
    func qos0() throws {
        let frame = hex("30 05 0001 61 1234")
        let view = try view(frame, .v3_1_1)
        #expect(view.packetID == 0)
        #expect(Array(frame[view.payload]) == [0x12, 0x34])
        #expect(view.properties.isEmpty)
    }

    @Test("Bytes after the frame are not looked at")
    func following() throws {
        let frame = hex("30 05 0001 61 1234 30")
        #expect(try view(frame, .v3_1_1).payload == 5..<7)
    }

    @Test("[MQTT-3.3.4-6] A client's subscription identifier is a protocol error, a server's is not")
    func subscriptionIdentifier() throws {
        let frame = hex("30 06 0001 61 02 0B 01")
        let refusal = #expect(throws: MalformedPacket.self) { try view(frame, .v5) }
        #expect(refusal?.fault == .subscriptionIdentifierFromClient)
        #expect(refusal?.reasonCode == .protocolError)
        #expect(refusal?.place == 6)
        #expect(try view(frame, .v5, sender: .server).summary.hasSubscriptionIdentifier)
    }

    @Test("[MQTT-3.3.2-2] A wildcard in the topic is reported with the packet identifier, so that it can be answered")
    func wildcardCarriesPacketID() {
        let refusal = #expect(throws: MalformedPacket.self) { try view(hex("32 07 0002 612B 0007 00 00"), .v5) }
        #expect(refusal == MalformedPacket(.topicNameWildcard, at: 5, value: 0x2B, packetID: 7))
        let tooLong = #expect(throws: MalformedPacket.self) {
            try view(hex("32 06 0002 6161 0007"), .v3_1_1, maximumTopicBytes: 1)
        }
        #expect(tooLong?.fault == .topicNameTooLong)
        #expect(tooLong?.packetID == 7)
    }

    @Test("[MQTT-3.3.2-1] An empty topic needs an alias")
    func alias() throws {
        #expect(try view(hex("30 06 0000 03 23 0005"), .v5).summary.topicAlias == 5)
        let refusal = #expect(throws: MalformedPacket.self) { try view(hex("30 08 0000 05 02 00000001"), .v5) }
        #expect(refusal?.fault == .topicNameEmpty)
    }

    @Test("The scan finds what the broker decides by")
    func scan() throws {
        let bytes = hex("01 01 02 00000005 03 0002 6162 08 0001 72 09 0003 010203 23 0102 26 0001 6B 0002 7676")
        let result = try bytes.withUnsafeBytes { try PublishProperties.scan($0) }
        #expect(result.payloadIsUTF8)
        #expect(result.messageExpiryInterval == 5)
        #expect(result.messageExpiryOffset == 2)
        #expect(result.contentTypeLength == 2)
        #expect(result.hasResponseTopic)
        #expect(result.responseTopicLength == 1)
        #expect(result.correlationDataLength == 3)
        #expect(result.topicAlias == 0x0102)
        #expect(result.topicAliasOffset == 22)
        #expect(result.userPropertyBytes == 3)
        #expect(!result.hasSubscriptionIdentifier)
    }

    @Test(
        "[MQTT-3.3.2-6] [MQTT-3.3.2-18] Forwarding drops the alias, lowers the expiry and keeps all else in order",
        arguments: [
            ("23 0102 02 00000005 26 0001 6B 0001 76", "02 00000003 26 0001 6B 0001 76"),
            ("26 0001 6B 0001 76 02 00000005 23 0102", "26 0001 6B 0001 76 02 00000003"),
            ("01 01 23 0102 26 0001 6B 0001 76", "01 01 26 0001 6B 0001 76"), ("23 0001", ""),
            ("09 0001 00", "09 0001 00"),
        ])
    func forwarded(_ received: String, _ expected: String) throws {
        let bytes = hex(received)
        var buffer = ByteBuffer(bytes: [0xAA])
        try bytes.withUnsafeBytes { raw in
            let summary = try PublishProperties.scan(raw)
            summary.appendForwarded(raw, messageExpiryInterval: 3, into: &buffer)
            #expect(summary.forwardedLength(of: raw) == hex(expected).count)
        }
        #expect(Array(buffer.readableBytesView) == [0xAA] + hex(expected))
    }

    @Test("The view of a frame and its whole packet agree on every fault", arguments: MalformedVector.publishes)
    func agrees(_ vector: MalformedVector) {
        for version in vector.versions {
            let refusal = #expect(throws: MalformedPacket.self) { try view(vector.bytes, version, sender: .server) }
            #expect(refusal == fault(vector.bytes, version))
        }
    }

    @Test("[MQTT-2.3.1-4] The packet identifier can be patched where the encoder says it lies")
    func patched() throws {
        for version in ProtocolVersion.allCases {
            let properties = version == .v5 ? hex("01 01") : []
            var buffer = ByteBuffer(bytes: [9, 9])
            let start = buffer.writerIndex
            let written = try #require(append("a/b", properties, [1, 2], 0b0010, 0, version, &buffer))
            #expect(written.length == buffer.writerIndex - start)
            PublishEncoder.patchPacketID(0xBEEF, at: start + written.packetIDOffset, in: &buffer)
            let frame = Array(buffer.readableBytesView.dropFirst(2))
            let view = try view(frame, version)
            #expect(view.packetID == 0xBEEF)
            #expect(Array(frame[view.payload]) == [1, 2])
            #expect(Array(frame[view.properties]) == properties)
        }
    }

    @Test("Appending, writing to memory, and head with payload give the same bytes at each width of the length")
    func threeWays() throws {
        for payloadLength in [0, 1, 100, 119, 120, 121, 122, 127, 128, 16_370, 16_383, 16_384, 2_097_152] {
            for (version, flags) in [(ProtocolVersion.v3_1_1, UInt8(0)), (.v5, 0b0100), (.v5, 0b0001)] {
                let payload = [UInt8](repeating: 7, count: payloadLength)
                var appended = ByteBuffer()
                let written = try #require(append("a/b", [], payload, flags, 5, version, &appended))
                #expect(written.length == appended.readableBytes)

                var memory = [UInt8](repeating: 0, count: written.length)
                let inMemory = memory.withUnsafeMutableBytes { target in
                    withParts("a/b", [], payload) {
                        PublishEncoder.write(
                            topic: $0, properties: $1, payload: $2, flags: flags, packetID: 5, version: version,
                            to: target)
                    }
                }
                #expect(inMemory == written)
                #expect(memory == Array(appended.readableBytesView))

                var head = ByteBuffer()
                let headWritten = withParts("a/b", [], payload) { topic, properties, _ in
                    PublishEncoder.appendHead(
                        topic: topic, properties: properties, payloadLength: payloadLength, flags: flags, packetID: 5,
                        version: version, into: &head)
                }
                #expect(headWritten?.packetIDOffset == written.packetIDOffset)
                #expect(Array(head.readableBytesView) + payload == memory)
                let view = try view(memory, version)
                #expect(view.payload.count == payloadLength)
            }
        }
    }

    @Test("What MQTT cannot express is not written")
    func tooLarge() {
        var buffer = ByteBuffer()
        let topic = String(repeating: "a", count: 65_536)
        #expect(append(topic, [], [], 0, 0, .v5, &buffer) == nil)
        #expect(buffer.readableBytes == 0)
        func length(_ payload: Int) -> Int? {
            PublishEncoder.encodedLength(
                topicLength: 1, propertiesLength: 0, payloadLength: payload, qos: .atMostOnce, version: .v5)
        }
        #expect(length(268_435_451) == 268_435_460)
        #expect(length(268_435_452) == nil)
        var small = [UInt8](repeating: 0, count: 4)
        let written = small.withUnsafeMutableBytes { target in
            withParts("a", [], [1]) {
                PublishEncoder.write(
                    topic: $0, properties: $1, payload: $2, flags: 0, packetID: 0, version: .v3_1_1, to: target)
            }
        }
        #expect(written == nil)
        #expect(small == [0, 0, 0, 0])
    }

    private func append(
        _ topic: String, _ properties: [UInt8], _ payload: [UInt8], _ flags: UInt8, _ packetID: UInt16,
        _ version: ProtocolVersion, _ buffer: inout ByteBuffer
    ) -> EncodedPublish? {
        withParts(topic, properties, payload) {
            PublishEncoder.append(
                topic: $0, properties: $1, payload: $2, flags: flags, packetID: packetID, version: version,
                into: &buffer)
        }
    }

    private func withParts<Result>(
        _ topic: String, _ properties: [UInt8], _ payload: [UInt8],
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        Array(topic.utf8).withUnsafeBytes { topic in
            properties.withUnsafeBytes { properties in
                payload.withUnsafeBytes { payload in body(topic, properties, payload) }
            }
        }
    }
}
