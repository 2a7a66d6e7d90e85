import Testing

@Suite("MQTT 5.0, section 6 WebSocket")
struct WebSocketV5Tests {
    @Test("[MQTT-6.0.0-1] MQTT is served in binary frames; another data frame closes the connection")
    func mqtt_6_0_0_1() throws { try WebSocketScenarios.onlyBinaryFrames(.v5) }

    @Test("[MQTT-6.0.0-2] Packets may span frames and share them")
    func mqtt_6_0_0_2() throws { try WebSocketScenarios.packetsSpanAndShareFrames(.v5) }

    @Test("[MQTT-6.0.0-3] The client has to offer the subprotocol mqtt")
    func mqtt_6_0_0_3() throws { try WebSocketScenarios.mqttHasToBeOffered() }

    @Test("[MQTT-6.0.0-4] The server selects the subprotocol mqtt and says so")
    func mqtt_6_0_0_4() throws { try WebSocketScenarios.mqttIsSelected() }
}
