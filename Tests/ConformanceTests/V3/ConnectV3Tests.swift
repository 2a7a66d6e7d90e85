import Testing

@Suite("MQTT 3.1.1, section 3.1 CONNECT")
struct ConnectV3Tests {
    @Test("[MQTT-3.1.4-4] An accepted CONNECT is answered by CONNACK with return code 0")
    func mqtt_3_1_4_4() throws {
        let client = try World().client()
        client.send(.connect("a"))
        client.expect(.hex("20 02 00 00"))
        client.expectNothing()
    }
}
