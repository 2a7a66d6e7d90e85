import Testing

@Suite("MQTT 5.0, section 4.2 Network connections")
struct TransportV5Tests {
    @Test("[MQTT-4.2-1] Ordered lossless transport (printed as 4.2-1 and 4.2.0-1)")
    func mqtt_4_2_1() throws {
        // The transport is a stream of bytes: however it is cut, the packets are the same and in the same order.
        let world = try World()
        let client = world.client(.v5)
        client.trickle(.connect("a", properties: [.user("k", "v")]))
        client.expectConnAck()
        client.trickle(.subscribe(1, ("a", 1)))
        client.expect(.subAck(1, 1))
        let bytes = Wire.publish("a", "x").bytes(.v5) + Wire.pingReq.bytes(.v5) + Wire.publish("a", "y").bytes(.v5)
        for cut in 0...bytes.count {
            client.send(Array(bytes.prefix(cut)))
            client.send(Array(bytes.dropFirst(cut)))
            client.expect(.publish("a", "x"), .pingResp, .publish("a", "y"))
        }
    }
}
