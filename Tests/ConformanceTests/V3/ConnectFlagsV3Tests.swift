import Testing

@Suite("MQTT 3.1.1, section 3.1.2 Connect flags")
struct ConnectFlagsV3Tests {
    /// CONNECT of client `c` with these flags and these fields after the client id.
    private func connect(_ flags: UInt8, _ fields: String...) -> Wire {
        Wire(
            .connect,
            [.bytes(field("MQTT")), .level, .bytes([flags, 0, 0]), .bytes(field("c") + fields.flatMap { field($0) })])
    }

    private func expectAccepted(_ packet: Wire, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let client = try World().client()
        client.send(packet)
        client.expect(.hex("20 02 00 00"), sourceLocation: sourceLocation)
        client.expectNothing(sourceLocation: sourceLocation)
    }

    private func expectClosed(_ packet: Wire, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let client = try World().client()
        client.send(packet)
        client.expectClosed(sourceLocation: sourceLocation)
    }

    // MARK: The will

    @Test("[MQTT-3.1.2-9] Will flag 1: will QoS and will retain count, and will topic and message have to be there")
    func mqtt_3_1_2_9() throws {
        let world = try World()
        let watcher = world.subscriber("w", 2)
        world.connect("c", will: .init("w", "gone", qos: 2, retain: true)).cut()
        watcher.expectPublish("w", "gone", qos: 2)
        world.subscriber("w", 2, as: "later").expectPublish("w", "gone", qos: 2, retain: true)
        try expectClosed(connect(0x06))
        try expectClosed(connect(0x06, "w"))
    }

    @Test("[MQTT-3.1.2-11] Will flag 0: the will's other flags are 0, and none of its fields is there")
    func mqtt_3_1_2_11() throws {
        try expectClosed(connect(0x02, "w", "gone"))
        for flags in [0x0A, 0x12, 0x1A, 0x22, 0x2A] as [UInt8] {
            try expectClosed(connect(flags))
            try expectClosed(connect(flags, "w", "gone"))
        }
    }

    @Test("[MQTT-3.1.2-13] Will flag 0 needs will QoS 0", arguments: [0x0A as UInt8, 0x12, 0x1A])
    func mqtt_3_1_2_13(flags: UInt8) throws { try expectClosed(connect(flags)) }

    @Test("[MQTT-3.1.2-14] Will QoS 3 is invalid")
    func mqtt_3_1_2_14() throws {
        try expectAccepted(connect(0x16, "w", "gone"))
        try expectClosed(connect(0x1E, "w", "gone"))
    }

    @Test("[MQTT-3.1.2-15] Will flag 0 needs will retain 0")
    func mqtt_3_1_2_15() throws { try expectClosed(connect(0x22)) }

    // MARK: User name and password

    @Test("[MQTT-3.1.2-18] User name flag 0: there is no user name")
    func mqtt_3_1_2_18() throws {
        try expectAccepted(connect(0x02))
        try expectClosed(connect(0x02, "user"))
    }

    @Test("[MQTT-3.1.2-19] User name flag 1: there is a user name")
    func mqtt_3_1_2_19() throws {
        try expectAccepted(connect(0x82, "user"))
        try expectClosed(connect(0x82))
    }

    @Test("[MQTT-3.1.2-20] Password flag 0: there is no password")
    func mqtt_3_1_2_20() throws { try expectClosed(connect(0x82, "user", "password")) }

    @Test("[MQTT-3.1.2-21] Password flag 1: there is a password")
    func mqtt_3_1_2_21() throws {
        try expectAccepted(connect(0xC2, "user", "password"))
        try expectClosed(connect(0xC2, "user"))
    }

    @Test("[MQTT-3.1.2-22] User name flag 0 forbids password flag 1")
    func mqtt_3_1_2_22() throws { try expectClosed(connect(0x42, "password")) }
}
