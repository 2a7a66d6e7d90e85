import MartletStore
import MartletTesting
import Testing

@Suite("MQTT 3.1.1, sections 4.8 and 7 Errors, conformance")
struct ErrorsV3Tests {
    @Test("[MQTT-4.8.0-1] A protocol violation closes the connection on which it came, and no other")
    func mqtt_4_8_0_1() throws {
        let world = try World()
        let other = world.connect("other")
        let packets: [Wire] = [
            .hex("00 00"), .hex("F0 00"), .connAck(), .subAck(1, 0), .unsubAck(1), .pingResp, .pingReq.appending([0]),
            .pubAck(1).appending([0]), .disconnect().appending([0]), .connect("c"), .hex("30 FF FF FF FF 01"),
            .hex("C0 80 80 80 80 00"),
        ]
        for packet in packets {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed()
            other.send(.pingReq)
            other.expect(.pingResp)
        }
    }

    @Test("[MQTT-4.8.0-2] A transient error while a packet is handled closes the connection on which it came")
    func mqtt_4_8_0_2() throws {
        let world = try World()
        world.subscriber("stored", 1, as: "away", clean: false).cut()
        let publisher = world.connect("p")
        let other = world.connect("other")
        world.store.fail(.disk(operation: "write", file: "log", because: "no space"))
        publisher.send(.publish("stored", "x", qos: 1, id: 1))
        publisher.expectClosed()
        other.send(.pingReq)
        other.expect(.pingResp)
    }

    @Test("[MQTT-7.0.0-2] A client that uses no extension is served, on a plain connection and without credentials")
    func mqtt_7_0_0_2() throws {
        let client = try World().client()
        client.send(.hex("10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63"))
        client.expect(.hex("20 02 00 00"))
        client.send(.hex("82 06 00 01 00 01 61 02"))
        client.expect(.hex("90 03 00 01 02"))
        client.send(.hex("34 06 00 01 61 00 07 78"))
        client.expectInAnyOrder(.hex("50 02 00 07"), .hex("34 06 00 01 61 00 01 78"))
        client.send(.hex("62 02 00 07"), .hex("50 02 00 01"))
        client.expectInAnyOrder(.hex("70 02 00 07"), .hex("62 02 00 01"))
        client.send(.hex("70 02 00 01"), .hex("E0 00"))
        client.expectClosed()
    }

    @Test("[MQTT-7.1.1-1] The transport is a stream of bytes: a packet may come in pieces, and packets together")
    func mqtt_7_1_1_1() throws {
        let world = try World()
        let client = world.client()
        client.trickle(.connect("c"))
        client.expect(.connAck())
        client.trickle(.subscribe(1, ("a", 0)))
        client.expect(.subAck(1, 0))
        let payload = String(repeating: "x", count: 300)
        client.trickle(.publish("a", payload))
        client.expect(.publish("a", payload))
        client.send(.publish("a", "1"), .pingReq, .publish("a", "2"))
        client.expectInAnyOrder(.publish("a", "1"), .pingResp, .publish("a", "2"))
    }
}
