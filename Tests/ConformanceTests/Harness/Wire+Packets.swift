/// The vocabulary of the tests: one function for each packet. Properties and reason codes are left out on a 3.1.1
/// connection, so that most scenarios can be written once for both versions.
extension Wire {
    /// - Parameters:
    ///   - flags: all connect flags instead of those that follow from the other arguments.
    ///   - name: the protocol name.
    ///   - level: instead of the connection's version.
    static func connect(
        _ clientID: String, clean: Bool = true, keepAlive: UInt16 = 0, will: Will? = nil, userName: String? = nil,
        password: String? = nil, properties: [Property] = [], flags: UInt8? = nil, name: String = "MQTT", level: UInt8? = nil
    ) -> Wire {
        var implied: UInt8 = clean ? 0x02 : 0
        if let will { implied |= 0x04 | will.qos << 3 | (will.retain ? 0x20 : 0) }
        if userName != nil { implied |= 0x80 }
        if password != nil { implied |= 0x40 }
        let willParts = will.map { [Part.properties($0.properties), .bytes(field($0.topic) + field($0.payload))] } ?? []
        return Wire(
            .connect,
            [.bytes(field(name)), level.map { .bytes([$0]) } ?? .level, .bytes([flags ?? implied] + keepAlive.bigEndianBytes)]
                + [.properties(properties), .bytes(field(clientID))] + willParts
                + [.bytes(userName.map(field) ?? []), .bytes(password.map(field) ?? [])])
    }

    struct Will {
        var topic: String
        var payload: String
        var qos: UInt8 = 0
        var retain = false
        var properties: [Property] = []

        init(
            _ topic: String, _ payload: String, qos: UInt8 = 0, retain: Bool = false, properties: [Property] = []
        ) {
            self.topic = topic
            self.payload = payload
            self.qos = qos
            self.retain = retain
            self.properties = properties
        }
    }

    /// CONNACK of 3.1.1, whole. That of version 5 has properties: `Client.expectConnAck`.
    static func connAck(_ code: UInt8 = 0, sessionPresent: Bool = false, properties: [Property] = []) -> Wire {
        Wire(.connAck, [.bytes([sessionPresent ? 1 : 0, code]), .properties(properties)])
    }

    /// - Parameter id: nil for none; needed at QoS 1 and 2, and wrong at QoS 0.
    static func publish(
        _ topic: String, _ payload: String, qos: UInt8 = 0, id: UInt16? = nil, retain: Bool = false, dup: Bool = false,
        properties: [Property] = []
    ) -> Wire {
        publish(
            topic: Array(topic.utf8), payload: Array(payload.utf8), qos: qos, id: id, retain: retain, dup: dup,
            properties: properties)
    }

    static func publish(
        topic: [UInt8], payload: [UInt8], qos: UInt8 = 0, id: UInt16? = nil, retain: Bool = false, dup: Bool = false,
        properties: [Property] = []
    ) -> Wire {
        Wire(
            .publish, flags: (dup ? 8 : 0) | qos << 1 | (retain ? 1 : 0),
            [.bytes(field(topic) + (id?.bigEndianBytes ?? [])), .properties(properties), .bytes(payload)])
    }

    static func pubAck(_ id: UInt16, code: UInt8? = nil, properties: [Property]? = nil) -> Wire {
        acknowledgement(.pubAck, id, code, properties)
    }

    static func pubRec(_ id: UInt16, code: UInt8? = nil, properties: [Property]? = nil) -> Wire {
        acknowledgement(.pubRec, id, code, properties)
    }

    static func pubRel(_ id: UInt16, code: UInt8? = nil, properties: [Property]? = nil) -> Wire {
        acknowledgement(.pubRel, id, code, properties).flags(2)
    }

    static func pubComp(_ id: UInt16, code: UInt8? = nil, properties: [Property]? = nil) -> Wire {
        acknowledgement(.pubComp, id, code, properties)
    }

    /// The short form where there is neither code nor property, as the server writes it.
    private static func acknowledgement(
        _ type: PacketType, _ id: UInt16, _ code: UInt8?, _ properties: [Property]?
    ) -> Wire {
        Wire(type, [.bytes(id.bigEndianBytes)] + ending(code, properties))
    }

    private static func ending(_ code: UInt8?, _ properties: [Property]?) -> [Part] {
        (code.map { [.v5([$0])] } ?? []) + (properties.map { [.properties($0)] } ?? [])
    }

    /// - Parameter filters: filter and options byte, which in 3.1.1 is the requested QoS.
    static func subscribe(_ id: UInt16, _ filters: (String, UInt8)..., properties: [Property] = []) -> Wire {
        let entries = filters.flatMap { field($0.0) + [$0.1] }
        return Wire(.subscribe, flags: 2, [.bytes(id.bigEndianBytes), .properties(properties), .bytes(entries)])
    }

    static func subAck(_ id: UInt16, _ codes: UInt8..., properties: [Property] = []) -> Wire {
        Wire(.subAck, [.bytes(id.bigEndianBytes), .properties(properties), .bytes(codes)])
    }

    static func unsubscribe(_ id: UInt16, _ filters: String..., properties: [Property] = []) -> Wire {
        Wire(
            .unsubscribe, flags: 2,
            [.bytes(id.bigEndianBytes), .properties(properties), .bytes(filters.flatMap { field($0) })])
    }

    /// - Parameter codes: one for each filter; 3.1.1 has none.
    static func unsubAck(_ id: UInt16, _ codes: UInt8..., properties: [Property] = []) -> Wire {
        Wire(.unsubAck, [.bytes(id.bigEndianBytes), .properties(properties), .v5(codes)])
    }

    static var pingReq: Wire { Wire(.pingReq) }
    static var pingResp: Wire { Wire(.pingResp) }

    static func disconnect(_ code: UInt8? = nil, properties: [Property]? = nil) -> Wire {
        Wire(.disconnect, ending(code, properties))
    }

    static func auth(_ code: UInt8? = nil, properties: [Property]? = nil) -> Wire { Wire(.auth, ending(code, properties)) }
}
