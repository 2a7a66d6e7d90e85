import Testing

@Suite("MQTT 5.0, section 6 Transport")
struct TransportV5Tests {
    @Test("[MQTT-6.0.0-2] No frame alignment assumption")
    func mqtt_6_0_0_2() throws {
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
            client.expectInAnyOrder(.publish("a", "x"), .pingResp, .publish("a", "y"))
        }
    }
}
