/// Text that no UTF-8 field may hold, and the packets with such a field.
enum BadText {
    /// Byte sequences that are no UTF-8 (RFC 3629), surrogates among them.
    static let illFormed: [[UInt8]] = [
        hex("C3 28"), hex("80"), hex("C0 80"), hex("E2 82"), hex("ED A0 80"), hex("ED BF BF"), hex("F4 90 80 80"), hex("FF"),
    ]

    static let withNull: [UInt8] = hex("61 00 62")

    /// A CONNECT with this client id and nothing else.
    static func connect(clientID: [UInt8]) -> Wire {
        Wire(.connect, connectStart(flags: 0x02) + [.bytes(field(clientID))])
    }

    static func connect(willTopic: [UInt8]) -> Wire {
        Wire(
            .connect,
            connectStart(flags: 0x06)
                + [.bytes(field("c")), .properties([]), .bytes(field(willTopic) + field("gone"))])
    }

    static func connect(userName: [UInt8]) -> Wire {
        Wire(.connect, connectStart(flags: 0x82) + [.bytes(field("c") + field(userName))])
    }

    static func connects(_ text: [UInt8]) -> [Wire] {
        [connect(clientID: text), connect(willTopic: text), connect(userName: text)]
    }

    static func publish(topic: [UInt8]) -> Wire { .publish(topic: topic, payload: []) }

    static func subscribe(filter: [UInt8]) -> Wire {
        Wire(.subscribe, flags: 2, [.bytes([0, 1]), .properties([]), .bytes(field(filter) + [0])])
    }

    static func unsubscribe(filter: [UInt8]) -> Wire {
        Wire(.unsubscribe, flags: 2, [.bytes([0, 1]), .properties([]), .bytes(field(filter))])
    }

    /// Packets of a connected client.
    static func packets(_ text: [UInt8]) -> [Wire] {
        [publish(topic: text), subscribe(filter: text), unsubscribe(filter: text)]
    }

    private static func connectStart(flags: UInt8) -> [Wire.Part] {
        [.bytes(field("MQTT")), .level, .bytes([flags, 0, 0]), .properties([])]
    }
}
