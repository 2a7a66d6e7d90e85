import Testing

@Suite("MQTT 3.1.1, section 1.5 Strings")
struct StringsV3Tests {
    /// The server closes, without a word, on each of these texts in each field that holds one.
    private func expectRefused(_ texts: [[UInt8]]) throws {
        let world = try World()
        for text in texts {
            for packet in BadText.connects(text) {
                let client = world.client()
                client.send(packet)
                client.expectClosed()
            }
            for packet in BadText.packets(text) {
                let client = world.connect("c")
                client.send(packet)
                client.expectClosed()
            }
        }
    }

    @Test("[MQTT-1.5.3-1] A field that is ill-formed UTF-8 or encodes a surrogate closes the connection")
    func mqtt_1_5_3_1() throws { try expectRefused(BadText.illFormed) }

    @Test("[MQTT-1.5.3-2] A field that holds U+0000 closes the connection")
    func mqtt_1_5_3_2() throws { try expectRefused([BadText.withNull]) }

    @Test("[MQTT-1.5.3-3] EF BB BF is data wherever it stands, and is never stripped")
    func mqtt_1_5_3_3() throws {
        let world = try World()
        let marked = world.subscriber("\u{FEFF}a", as: "marked")
        let plain = world.subscriber("a", as: "plain")
        world.connect("p").send(.hex("30 06 00 04 EF BB BF 61"))
        marked.expect(.hex("30 06 00 04 EF BB BF 61"))
        plain.expectNothing()
    }
}
