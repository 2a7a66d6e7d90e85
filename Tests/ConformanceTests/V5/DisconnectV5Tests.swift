import Testing

@Suite("MQTT 5.0, sections 3.14 and 3.15 DISCONNECT and AUTH")
struct DisconnectV5Tests {
    @Test("[MQTT-3.14.0-1] Send DISCONNECT only after a CONNACK below 0x80")
    func mqtt_3_14_0_1() throws {
        let world = try World()
        for bytes in [
            [Wire.pingReq], [.connect("$a"), .pingReq], [.connect("a", flags: 3)], [.hex("10 80 80 80 80 01")], [.disconnect()],
        ] {
            let client = world.client(.v5)
            client.send(bytes.flatMap { $0.bytes(.v5) })
            #expect(!client.takeAll().contains { $0.type == .disconnect })
            client.expectClosed()
        }
        let client = world.v5()
        client.send(.connect("client"))
        client.expectDisconnect(0x82)
    }

    @Test("[MQTT-3.14.1-1] DISCONNECT reserved bits 0, else DISCONNECT 0x81")
    func mqtt_3_14_1_1() throws {
        let world = try World()
        for flags in UInt8(1)...15 { world.expectRefusal(0x81, of: Wire.disconnect().flags(flags)) }
        let client = world.v5()
        client.send(.disconnect())
        client.expectClosed()
    }

    @Test("[MQTT-3.14.2-1] Defined DISCONNECT codes only")
    func mqtt_3_14_2_1() throws {
        let defined: Set<UInt8> = [
            0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
            0x9A,
            0x9B, 0x9C, 0x9D, 0x9E, 0xA0, 0xA1, 0xA2,
        ]
        for frame in try disconnects() { #expect(defined.contains(frame.code), "\(frame)") }
        let world = try World()
        for code: UInt8 in [0x01, 0x03, 0x05, 0x91, 0xFF] { world.expectRefusal(0x82, of: .disconnect(code)) }
        let client = world.v5()
        client.send(.disconnect(0x04, properties: [.reasonString("why"), .user("k", "v")]))
        client.expectClosed()
    }

    @Test("[MQTT-3.14.2-2] Server never sends Session Expiry in DISCONNECT")
    func mqtt_3_14_2_2() throws {
        for frame in try disconnects(expiry: 600) { #expect(frame.property(0x11) == nil, "\(frame)") }
        // The client may; but not raise it from 0.
        let world = try World()
        world.expectRefusal(0x82, of: .disconnect(0x00, properties: [.sessionExpiry(1)]))
        let keeper = world.kept()
        keeper.send(.disconnect(0x00, properties: [.sessionExpiry(5)]))
        keeper.expectClosed()
        world.advance(seconds: 6)
        _ = world.kept(isPresent: false)
    }

    @Test("[MQTT-3.14.2-3] DISCONNECT Reason String: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_14_2_3() throws {
        let world = try World()
        let wide = world.v5("wide")
        wide.send(.auth(0x18))
        #expect(wide.expect(.disconnect, code: 0x82).contains { $0.id == Property.reasonStringID })
        let narrow = world.v5("narrow", properties: [.maximumPacketSize(20)])
        narrow.send(.auth(0x18))
        narrow.expect(.hex("E0 01 82"))
        narrow.expectClosed()
    }

    @Test("[MQTT-3.14.2-4] DISCONNECT User Property: omit this property when it would exceed the peer Maximum Packet Size")
    func mqtt_3_14_2_4() throws {
        for frame in try disconnects() + disconnects(maximumPacketSize: 20) {
            #expect(frame.property(Property.userID) == nil, "\(frame)")
        }
    }

    @Test("[MQTT-3.14.4-1] After sending DISCONNECT send nothing more")
    func mqtt_3_14_4_1() throws {
        let world = try World()
        let listener = world.listener("a")
        let client = world.listener("a", as: "client")
        client.send(.publish("a", "before"), .connect("client"), .pingReq, .publish("a", "after"), .subscribe(1, ("b", 0)))
        #expect(client.takeAll().map(\.type) == [.publish, .disconnect])
        client.expectClosed()
        listener.expect(.publish("a", "before"))
        listener.expectNothing()
        let other = world.listener("a", as: "other")
        other.send(.auth(), .pingReq)
        other.send(.pingReq)
        world.v5("publisher").send(.publish("a", "later"))
        other.expectDisconnect(0x82)
    }

    @Test("[MQTT-3.14.4-2] After sending DISCONNECT close")
    func mqtt_3_14_4_2() throws {
        #expect(try disconnects().count == 15)
    }

    @Test("[MQTT-3.14.4-3] On received DISCONNECT 0x00 discard the will")
    func mqtt_3_14_4_3() throws {
        let world = try World()
        let listener = world.listener("will")
        for packet in [Wire.disconnect(), .disconnect(0x00), .hex("E0 02 00 00")] {
            world.v5(will: .init("will", "gone")).send(packet)
            listener.expectNothing()
        }
        world.v5(will: .init("will", "asked for")).send(.disconnect(0x04))
        listener.expect(.publish("will", "asked for"))
    }

    @Test("[MQTT-3.15.1-1] AUTH flags 0, else Malformed and close")
    func mqtt_3_15_1_1() throws {
        let world = try World()
        for flags in UInt8(1)...15 { world.expectRefusal(0x81, of: Wire.auth(0x18).flags(flags)) }
        // One with right flags is well-formed, and comes at the wrong time.
        world.expectRefusal(0x82, of: .auth(0x18, properties: [.authenticationMethod("x")]))
    }
}
